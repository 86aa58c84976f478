"""ONNX's published node tests that minigen cannot run, by reason (onnx 1.23). See test_onnx.py."""

_BY_REASON = {
    "numbers that are neither float32 nor float64": """
        test_add_int8 test_add_int16 test_add_uint8 test_add_uint16 test_add_uint32
        test_add_uint64 test_clip_default_int8_min test_clip_default_int8_max
        test_clip_default_int8_inbounds test_div_int8 test_div_int16 test_div_int32_trunc
        test_div_uint8 test_div_uint16 test_div_uint32 test_div_uint64
        test_gathernd_example_int32 test_gathernd_example_int32_batch_dim1 test_max_int8
        test_max_int16 test_max_int32 test_max_int64 test_max_uint8 test_max_uint16
        test_max_uint32 test_max_uint64 test_max_float16 test_maxpool_2d_uint8 test_min_int8
        test_min_int16 test_min_int32 test_min_int64 test_min_uint8 test_min_uint16
        test_min_uint32 test_min_uint64 test_min_float16 test_mul_int8 test_mul_int16
        test_mul_uint8 test_mul_uint16 test_mul_uint32 test_mul_uint64 test_edge_pad
        test_reflect_pad test_wrap_pad test_pow_types_float32_int64 test_pow_types_int64_float32
        test_pow_types_float32_int32 test_pow_types_int32_float32 test_pow_types_float32_uint64
        test_pow_types_float32_uint32 test_pow_types_int64_int64 test_pow_types_int32_int32
        test_reduce_max_bool_inputs test_reduce_max_empty_set_bool test_reduce_min_bool_inputs
        test_sub_int8 test_sub_int16 test_sub_uint8 test_sub_uint16 test_sub_uint32
        test_sub_uint64""",
    "labels for every position of an image": """
        test_nllloss_NCd1d2 test_nllloss_NCd1d2_reduction_mean test_nllloss_NCd1d2_reduction_sum
        test_nllloss_NCd1d2_with_weight test_nllloss_NCd1d2_with_weight_reduction_mean
        test_nllloss_NCd1d2_with_weight_reduction_sum
        test_nllloss_NCd1d2_with_weight_reduction_sum_ii
        test_nllloss_NCd1d2_no_weight_reduction_mean_ii test_nllloss_NCd1
        test_nllloss_NCd1_weight test_nllloss_NCd1_ii test_nllloss_NCd1_weight_ii
        test_nllloss_NCd1d2d3d4d5_mean_weight test_nllloss_NCd1d2d3d4d5_none_no_weight
        test_nllloss_NCd1_mean_weight_negative_ii
        test_nllloss_NCd1d2d3_none_no_weight_negative_ii test_sce_mean_3d
        test_sce_mean_3d_log_prob test_sce_mean_weight_ii_3d test_sce_mean_weight_ii_3d_log_prob
        test_sce_mean_no_weight_ii_3d test_sce_mean_no_weight_ii_3d_log_prob
        test_sce_mean_weight_ii_4d test_sce_mean_weight_ii_4d_log_prob
        test_sce_mean_no_weight_ii_4d test_sce_mean_no_weight_ii_4d_log_prob
        test_sce_NCd1d2d3d4d5_mean_weight test_sce_NCd1d2d3d4d5_mean_weight_log_prob
        test_sce_NCd1d2d3d4d5_none_no_weight test_sce_NCd1d2d3d4d5_none_no_weight_log_prob
        test_sce_NCd1_mean_weight_negative_ii test_sce_NCd1_mean_weight_negative_ii_log_prob
        test_sce_NCd1d2d3_none_no_weight_negative_ii
        test_sce_NCd1d2d3_none_no_weight_negative_ii_log_prob""",
    "pooling in one or three dimensions": """
        test_averagepool_1d_default test_averagepool_3d_default
        test_averagepool_3d_dilations_small
        test_averagepool_3d_dilations_large_count_include_pad_is_0_ceil_mode_is_True
        test_averagepool_3d_dilations_large_count_include_pad_is_0_ceil_mode_is_False
        test_averagepool_3d_dilations_large_count_include_pad_is_1_ceil_mode_is_True
        test_averagepool_3d_dilations_large_count_include_pad_is_1_ceil_mode_is_False
        test_maxpool_1d_default test_maxpool_3d_default test_maxpool_3d_dilations
        test_maxpool_3d_dilations_use_ref_impl test_maxpool_3d_dilations_use_ref_impl_large""",
    "padding worked out from the output's size": """
        test_averagepool_2d_precomputed_same_upper test_averagepool_2d_same_upper
        test_averagepool_2d_same_lower test_conv_with_autopad_same
        test_convtranspose_output_shape test_convtranspose_kernel_shape
        test_convtranspose_autopad_same test_maxpool_2d_precomputed_same_upper
        test_maxpool_2d_same_upper test_maxpool_2d_same_lower""",
    "weights of classes": """
        test_nllloss_NCd1d2d3_sum_weight_high_ii test_sce_none_weights
        test_sce_none_weights_log_prob test_sce_mean_weight test_sce_mean_weight_log_prob
        test_sce_mean_weight_ii test_sce_mean_weight_ii_log_prob
        test_sce_NCd1d2d3_sum_weight_high_ii test_sce_NCd1d2d3_sum_weight_high_ii_log_prob""",
    "sizes rounded up": """
        test_averagepool_2d_ceil test_averagepool_2d_ceil_last_window_starts_on_pad
        test_averagepool_2d_dilations test_maxpool_2d_ceil
        test_maxpool_2d_ceil_output_size_reduce_by_one""",
    "the value of an empty maximum, minimum or logarithm": """
        test_reduce_log_sum_exp_empty_set test_reduce_max_empty_set test_reduce_min_empty_set""",
    "averages that leave the padding out": """
        test_averagepool_2d_precomputed_pads test_averagepool_2d_pads""",
    "padding of more than half the kernel, as in PyTorch": """
        test_averagepool_2d_pads_count_include_pad test_maxpool_2d_pads""",
    "dilation": """
        test_convtranspose_dilations test_maxpool_2d_dilations""",
    "groups": """
        test_convtranspose_group_2 test_convtranspose_group_2_image_3""",
    "labels to ignore": """
        test_sce_mean_no_weight_ii test_sce_mean_no_weight_ii_log_prob""",
}
NOT_COMPARED = {name: reason for reason, names in _BY_REASON.items() for name in names.split()}
