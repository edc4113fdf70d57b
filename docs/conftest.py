"""What pytest leaves alone here: the configuration and everything that is built."""

collect_ignore = ["conf.py", "sg_execution_times.rst"]
collect_ignore_glob = ["_build/*", "api/generated/*", "auto_examples/*"]
