page-skip = Skip to content
page-yes = yes
page-no = no
problem-title = That did not work
problem-code = Error code: { $code }
moment = { $day } at { $time }
page-month-1 = January
page-month-2 = February
page-month-3 = March
page-month-4 = April
page-month-5 = May
page-month-6 = June
page-month-7 = July
page-month-8 = August
page-month-9 = September
page-month-10 = October
page-month-11 = November
page-month-12 = December
days = { $count ->
    [one] One day
   *[other] { $count } days
}
pages = { $count ->
    [one] One page
   *[other] { $count } pages
}
back-title = Back to { $name }
back-go = Go on
number-confirmed = confirmed
number-probable = probable
number-uncertain = uncertain
