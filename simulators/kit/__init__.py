"""What the simulators share: switches, the control door, stores of data, SOAP, pushes, serving."""
