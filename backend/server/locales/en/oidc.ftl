device-title = Log in on another device
device-what = The device shows a code. Type it here.
device-code = The code on the device
device-go-on = Continue
device-wrong-unknown = The code is not valid. Check the letters. A code is valid for ten minutes and only once.
device-wrong-too-many = You have typed wrong codes too many times. Wait ten minutes and try again.
device-ask-title = You are about to log in to { $service } on another device
device-ask-since = { $count ->
    [0] It began just now.
    [one] It began a minute ago.
   *[other] It began { $count } minutes ago.
}
device-ask-same = Is this the code on the device in front of you?
device-ask-warning = Did somebody else give you the code? Do not go on. It is that person who would be logged in as you.
device-ask-yes = Yes, continue
device-ask-no = This is not me
device-done-approved = Look at the device. You will be logged in there in a few seconds. You can close this page.
device-done-approved-title = Done
device-done-declined = Nobody was logged in on the device.
device-done-declined-title = Cancelled
device-done-denied = We have stopped it. The code cannot be used any more. Tell your manager if somebody gave it to you.
device-done-denied-title = Good that you said so
device-done-expired = The time ran out. Get a new code on the device.
device-done-expired-title = Too late
device-done-not-me = Whoever holds the phone answered: This is not me. Nobody was logged in on the device.
device-done-not-me-title = Stopped
