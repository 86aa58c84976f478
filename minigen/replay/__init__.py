"""What a compiled step is made of. Not the subject: compiled.py tells the story, these do the work.

    arrays.py       an array library that writes down what it is asked to do
    program.py      what is written down: calls, and the memory they use
    within.py       what a step can reach, so that it can be compared, kept and restored
    results.py      what a step is given and returns, taken apart and put together
"""
