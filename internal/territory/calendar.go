package territory

import (
	"cmp"
	"slices"
	"time"
)

// A Calendar counts working days (jours ouvrés: Monday to Friday, public holidays excepted) in one département or overseas
// collectivity, by the clock there. The zero Calendar is that of mainland France. Calendars are values: compare, copy,
// share them freely.
//
// Holidays are those that the law lists, for every year from 2019 on (earlier years are computed by the same rules):
//
//   - everywhere, the eleven of Code du travail L3133-1;
//   - Bas-Rhin, Haut-Rhin and Moselle: Good Friday and 26 December (L3134-13). The law grants Good Friday in communes that
//     have a Protestant or shared church; here the three départements have it whole, so that no one is counted late;
//   - overseas, the day of the abolition of slavery (L3422-2). For Saint-Martin the article's letter still says 27 May;
//     the day kept there since 2018, by ministerial circular and decision of the territory, is 28 May, and so it is here;
//   - French Polynesia: 5 March, Good Friday, 20 November (which from 2025 on takes the place of 29 June); Wallis and
//     Futuna: 28 April and 29 July; New Caledonia: 24 September (local labour codes).
//
// Days that are off by custom or agreement only (Mardi gras, 21 July in the Antilles, religious feasts on Mayotte,
// bridges) are working days.
type Calendar struct {
	departement string
}

// CalendarOf returns the calendar of a département or overseas collectivity, given its code. A code without holidays or
// clock of its own, or unknown, has the calendar of mainland France.
func CalendarOf(departement string) Calendar {
	if _, ok := clocks[departement]; !ok {
		if _, ok := localHolidays[departement]; !ok {
			departement = ""
		}
	}
	return Calendar{departement}
}

// A Holiday is a public holiday.
type Holiday struct {
	Date time.Time // midnight, by the calendar's clock
	Key  string    // such as "easter_monday": the last part of a message key
}

// openingHour is when a working day starts for a deadline.
const openingHour = 9

// Location returns the clock of the calendar: Europe/Paris, or that of the overseas territory.
func (c Calendar) Location() *time.Location {
	if l := clocks[c.departement]; l != nil {
		return l
	}
	return paris
}

// Paris returns the clock of mainland France: Central European Time, summer time from the last Sunday of March to the last
// Sunday of October (directive 2000/84/EC). It needs no time zone database and works in a browser.
func Paris() *time.Location { return paris }

// IsWorkingDay reports whether the day of t, by the calendar's clock, is a working day.
func (c Calendar) IsWorkingDay(t time.Time) bool {
	y, m, d := t.In(c.Location()).Date()
	return c.working(time.Date(y, m, d, 0, 0, 0, 0, time.UTC))
}

// AddWorkingDays returns the deadline that lies n working days after from: the same clock time on the n-th working day
// that follows. A from before 9 h, or not on a working day, counts as 9 h on that or the next working day, so that who
// starts later is never due earlier; with n below 1 that start itself is returned. A Friday 14 h plus one is Monday 14 h, a
// Saturday plus one is Tuesday 9 h. Clocks change on Sunday nights: a deadline always exists and keeps its hour. The result
// is in the calendar's [Calendar.Location].
func (c Calendar) AddWorkingDays(from time.Time, n int) time.Time {
	start := c.start(from)
	day := civil(start)
	for ; n > 0; n-- {
		for day = day.AddDate(0, 0, 1); !c.working(day); {
			day = day.AddDate(0, 0, 1)
		}
	}
	return onDay(start, day)
}

// WorkingDaysLeft returns how many whole working days are left at the time at before deadline: the greatest n for which
// AddWorkingDays(at, n) is not after deadline. It is 0 on the last working day and when the deadline has passed.
func (c Calendar) WorkingDaysLeft(at, deadline time.Time) int {
	start := c.start(at)
	last := civil(deadline.In(c.Location()))
	left := 0
	for day := civil(start).AddDate(0, 0, 1); !day.After(last); day = day.AddDate(0, 0, 1) {
		if c.working(day) && !onDay(start, day).After(deadline) {
			left++
		}
	}
	return left
}

// start returns t by the calendar's clock, or the opening of a working day when t is before it or not on one.
func (c Calendar) start(t time.Time) time.Time {
	t = t.In(c.Location())
	day := civil(t)
	for !c.working(day) {
		day = day.AddDate(0, 0, 1)
	}
	opening := time.Date(day.Year(), day.Month(), day.Day(), openingHour, 0, 0, 0, c.Location())
	if t.Before(opening) {
		return opening
	}
	return t
}

// civil returns the date of t as midnight UTC, on which days are counted without regard to clock changes.
func civil(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// onDay returns the clock time of t on another day.
func onDay(t, day time.Time) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), t.Location())
}

// working reports whether a civil day is worked.
func (c Calendar) working(day time.Time) bool {
	if w := day.Weekday(); w == time.Saturday || w == time.Sunday {
		return false
	}
	easter := easterSunday(day.Year())
	is := func(h holiday) bool { return h.in(day.Year()) && h.date(day.Year(), easter).Equal(day) }
	return !slices.ContainsFunc(nationalHolidays, is) && !slices.ContainsFunc(localHolidays[c.departement], is)
}

// Holidays returns the public holidays of a year, in order.
func (c Calendar) Holidays(year int) []Holiday {
	var holidays []Holiday
	easter := easterSunday(year)
	for _, list := range [][]holiday{nationalHolidays, localHolidays[c.departement]} {
		for _, h := range list {
			if h.in(year) {
				d := h.date(year, easter)
				holidays = append(holidays, Holiday{time.Date(year, d.Month(), d.Day(), 0, 0, 0, 0, c.Location()), h.key})
			}
		}
	}
	slices.SortStableFunc(holidays, func(a, b Holiday) int { return cmp.Or(a.Date.Compare(b.Date), cmp.Compare(a.Key, b.Key)) })
	return holidays
}

// A holiday is a rule: a day of a month, or a number of days after Easter Sunday when there is no month.
type holiday struct {
	key         string
	month       time.Month
	day         int
	since, till int // first and last year, 0 for no bound
}

func (h holiday) in(year int) bool { return year >= h.since && (h.till == 0 || year <= h.till) }

// date returns the civil day of the holiday in a year.
func (h holiday) date(year int, easter time.Time) time.Time {
	if h.month == 0 {
		return easter.AddDate(0, 0, h.day)
	}
	return time.Date(year, h.month, h.day, 0, 0, 0, 0, time.UTC)
}

// nationalHolidays: Code du travail L3133-1.
var nationalHolidays = []holiday{
	{key: "new_year", month: time.January, day: 1},
	{key: "easter_monday", day: 1},
	{key: "labour_day", month: time.May, day: 1},
	{key: "victory_1945", month: time.May, day: 8},
	{key: "ascension", day: 39},
	{key: "whit_monday", day: 50},
	{key: "national_day", month: time.July, day: 14},
	{key: "assumption", month: time.August, day: 15},
	{key: "all_saints", month: time.November, day: 1},
	{key: "armistice_1918", month: time.November, day: 11},
	{key: "christmas", month: time.December, day: 25},
}

var alsaceMoselle = []holiday{
	{key: "good_friday", day: -2},
	{key: "saint_stephen", month: time.December, day: 26},
}

func abolition(day int, month time.Month) []holiday {
	return []holiday{{key: "abolition", month: month, day: day}}
}

var localHolidays = map[string][]holiday{
	"57": alsaceMoselle, "67": alsaceMoselle, "68": alsaceMoselle, // L3134-13
	"971": abolition(27, time.May), // L3422-2, as the five that follow
	"972": abolition(22, time.May),
	"973": abolition(10, time.June),
	"974": abolition(20, time.December),
	"976": abolition(27, time.April),
	"977": abolition(9, time.October),
	"978": {
		{key: "abolition", month: time.May, day: 27, till: 2017},
		{key: "abolition", month: time.May, day: 28, since: 2018},
	},
	"986": {
		{key: "saint_peter_chanel", month: time.April, day: 28},
		{key: "territory_day", month: time.July, day: 29},
	},
	"987": {
		{key: "arrival_of_the_gospel", month: time.March, day: 5},
		{key: "good_friday", day: -2},
		{key: "autonomy_day", month: time.June, day: 29, till: 2024},
		{key: "matarii", month: time.November, day: 20, since: 2025},
	},
	"988": {{key: "citizenship_day", month: time.September, day: 24}},
}

// easterSunday returns the civil day of Easter in the Gregorian calendar, by the anonymous algorithm published in Nature in
// 1876 (Meeus, Astronomical Algorithms, chapter 8).
func easterSunday(year int) time.Time {
	a, b, c := year%19, year/100, year%100
	h := (19*a + b - b/4 - (b-(b+8)/25+1)/3 + 15) % 30
	l := (32 + 2*(b%4) + 2*(c/4) - h - c%4) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return time.Date(year, time.Month(n/31), n%31+1, 0, 0, 0, 0, time.UTC)
}
