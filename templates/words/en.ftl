# English, as the British write it. Every word that the newsletter and its pages say themselves stands here.
# Another language is one file beside this one, with the same names: words/de.ftl.

## The language itself
direction = ltr
month-name =
    { $month ->
        [1] January
        [2] February
        [3] March
        [4] April
        [5] May
        [6] June
        [7] July
        [8] August
        [9] September
        [10] October
        [11] November
       *[12] December
    }
weekday-name =
    { $weekday ->
        [1] Monday
        [2] Tuesday
        [3] Wednesday
        [4] Thursday
        [5] Friday
        [6] Saturday
       *[7] Sunday
    }
date-short = { $day }{"\u00A0"}{ month-name }
date-long = { $day }{"\u00A0"}{ month-name } { $year }
date-full = { weekday-name } { $day }{"\u00A0"}{ month-name } { $year }
mark-thousands = ,
mark-decimal = .
minutes = { $minutes }{"\u00A0"}min

## Subject and preheader
subject-more = { $count ->
    [one] and one more story
   *[other] and { $count } more stories
 }
subject-number = no. { $number }
preheader-plus = Plus:
preheader-number = Issue { $number } of { $newsletter }, { $date }

## The head
issue-number = Issue{"\u00A0"}{ $number }
read-online = Read online
greeting = { $time ->
    [morning] Good morning,
    [afternoon] Good afternoon,
   *[evening] Good evening,
 }
greeting-named = { $time ->
    [morning] Good morning { $name },
    [afternoon] Good afternoon { $name },
   *[evening] Good evening { $name },
 }

## The stories
also-at = Also at
picture-at = Picture at { $place }
read-story = Read the full story
section-rest = Also in this issue
call-button = Find out more
more-stories = { $count ->
    [one] And one more story in this issue
   *[other] And { $count }{"\u00A0"}more stories in this issue
 }
contributors = Who wrote this

## The foot
footer-why = You receive { $newsletter } at { $address } because you signed up { $since }.
since-date = on { $date }
since-unknown = earlier
footer-reply = Do reply: a person reads what you write.
unsubscribe = Unsubscribe
feed = Follow by RSS
forwarded = Was this forwarded to you?
forwarded-link = Read earlier issues

## The letters around it: confirm, welcome, goodbye
confirm-subject = Confirm that you want { $newsletter }
confirm-title = One more click
confirm-preheader = One click, and { $newsletter } will come to { $address }.
confirm-ask = Someone, hopefully you, asked for { $newsletter } at { $address }. Is that right? Then tell us so.
confirm-button = Yes, send me { $newsletter }
confirm-days = { $days ->
    [one] The link works for a day.
   *[other] The link works for { $days }{"\u00A0"}days.
 }
confirm-ignore = Was it not you? Then there is nothing to do: without this click we send nothing.
welcome-subject = Welcome to { $newsletter }
welcome-title = Welcome to { $newsletter }
welcome-preheader = You have signed up. This is what to expect, and how to leave again.
welcome-text = You have signed up: { $newsletter } will come to { $address }.
welcome-next = The next issue appears on { $date }.
welcome-latest = Read the latest issue now
welcome-leave = Had enough? You can leave at any time, with one click:
goodbye-subject = You have been unsubscribed
goodbye-title = Goodbye
goodbye-preheader = { $newsletter } will not come any more. This is the last mail you get from us.
goodbye-thanks = Thank you for reading along.
goodbye-again = Was it a mistake?
goodbye-again-link = Sign up again

## The pages
archive = All issues
archive-title = All issues of { $newsletter }
archive-empty = No issue has appeared yet. Follow the RSS feed so as not to miss the first.
issue-stories = { $count ->
    [one] one story
   *[other] { $count }{"\u00A0"}stories
 }
issue-title = { $newsletter }, issue { $number }
issue-ways = Other issues
issue-earlier = Issue { $number }, the one before
issue-later = Issue { $number }, the next one
topics = Topics
topic-stories = Newest first
topic-about = Every story in { $newsletter } about { $topic }
feed-note = This is a feed. Copy the address above into your feed reader, and every new story comes to you.
unsubscribe-ask = Would you like to stop receiving { $newsletter } at { $address }?
unsubscribe-button = Yes, unsubscribe me
unsubscribe-keep = Would you rather stay? Then there is nothing to do: close this page.
unsubscribe-done-title = You have been unsubscribed
unsubscribe-done = { $address } will not receive { $newsletter } any more. An issue that was already on its way may still arrive.
unsubscribe-invalid-title = This link does not work
unsubscribe-invalid = The link is not complete or no longer valid. Open the link at the foot of your latest issue, or reply to that mail and we will unsubscribe you.
error-not-found-title = This page does not exist
error-not-found = Perhaps the address was not copied in full, or the page has moved.
error-other-title = Something went wrong
error-other = This is our fault, not yours. Please try again in a few minutes.
