page-skip = Skip to content
problem-title = That did not work
problem-code = Error code: { $code }
moment = { $day } at { $time }
month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December
days = { $count ->
    [one] One day
   *[other] { $count } days
}
pages = { $count ->
    [one] One page
   *[other] { $count } pages
}
