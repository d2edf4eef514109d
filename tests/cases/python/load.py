"""load.py MODULE.py WEIGHTS...: loads each file of weights into the exported module, and prints what they are in it."""

import importlib.util
import sys

spec = importlib.util.spec_from_file_location("exported", sys.argv[1])
exported = importlib.util.module_from_spec(spec)
spec.loader.exec_module(exported)
for weights in sys.argv[2:]:
    print(*exported.load(weights).state_dict())
