problem-title = That did not work
problem-code = Error code: { $code }
