# Tries things out; never part of a run. Names stay from one run to the next until the scratchpad is restarted.
numbers = [1, 2, 3]
print(sum(numbers))
