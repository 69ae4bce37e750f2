@rem The demo script says exec, so that a signal reaches the program and not a shell; Windows has no such word.
@%*
