"""Without `-m oracle` these files are not even imported: they need PyTorch and ONNX, and take
seconds to load."""


def pytest_ignore_collect(collection_path, config):
    chosen = config.option.markexpr
    if chosen and ("oracle" not in chosen or "not oracle" in chosen):
        return True
