problem-title = Det gick inte
problem-code = Felkod: { $code }
