"""What is measured: tasks that MEDHIVE_TASKS makes known to the processes of a benchmark."""
