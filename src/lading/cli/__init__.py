"""The command line: parse what was typed, call one function, show the answer. One module is one command."""
