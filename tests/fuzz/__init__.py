"""The long form of fuzzing: `make fuzz`. The short form is in the unit tests, as properties."""
