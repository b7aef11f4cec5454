page-skip = Hoppa till innehållet
problem-title = Det gick inte
problem-code = Felkod: { $code }
moment = { $day } kl. { $time }
month-1 = januari
month-2 = februari
month-3 = mars
month-4 = april
month-5 = maj
month-6 = juni
month-7 = juli
month-8 = augusti
month-9 = september
month-10 = oktober
month-11 = november
month-12 = december
days = { $count ->
    [one] En dag
   *[other] { $count } dagar
}
pages = { $count ->
    [one] En sida
   *[other] { $count } sidor
}
