device-title = Logga in på en annan enhet
device-what = Enheten visar en kod. Skriv den här.
device-code = Koden på enheten
device-go-on = Fortsätt
device-wrong-unknown = Koden gäller inte. Kontrollera bokstäverna. En kod gäller i tio minuter och bara en gång.
device-wrong-too-many = Du har skrivit fel för många gånger. Vänta tio minuter och försök igen.
device-ask-title = Du är på väg att logga in i { $service } på en annan enhet
device-ask-since = { $count ->
    [0] Det började nyss.
    [one] Det började för en minut sedan.
   *[other] Det började för { $count } minuter sedan.
}
device-ask-same = Står den här koden på enheten framför dig?
device-ask-warning = Har någon annan gett dig koden? Fortsätt inte. Då är det den personen som loggas in som du.
device-ask-yes = Ja, fortsätt
device-ask-no = Det är inte jag
device-done-approved = Titta på enheten. Du loggas in där om några sekunder. Du kan stänga den här sidan.
device-done-approved-title = Klart
device-done-declined = Ingen loggades in på enheten.
device-done-declined-title = Avbrutet
device-done-denied = Vi har stoppat det. Koden går inte att använda längre. Berätta för din chef, om någon gav dig den.
device-done-denied-title = Bra att du sa till
device-done-expired = Tiden gick ut. Ta fram en ny kod på enheten.
device-done-expired-title = För sent
device-done-not-me = Den som har telefonen svarade: Det är inte jag. Ingen loggades in på enheten.
device-done-not-me-title = Stoppat
