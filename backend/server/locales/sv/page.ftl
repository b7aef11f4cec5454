page-skip = Hoppa till innehållet
page-yes = ja
page-no = nej
problem-title = Det gick inte
problem-code = Felkod: { $code }
moment = { $day } kl. { $time }
page-month-1 = januari
page-month-2 = februari
page-month-3 = mars
page-month-4 = april
page-month-5 = maj
page-month-6 = juni
page-month-7 = juli
page-month-8 = augusti
page-month-9 = september
page-month-10 = oktober
page-month-11 = november
page-month-12 = december
days = { $count ->
    [one] En dag
   *[other] { $count } dagar
}
pages = { $count ->
    [one] En sida
   *[other] { $count } sidor
}
back-title = Tillbaka till { $name }
back-go = Gå vidare
number-confirmed = styrkt
number-probable = sannolikt
number-uncertain = osäkert
