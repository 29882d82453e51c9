"""Files people send and the hub keeps: photos of problems, documents of cases."""
