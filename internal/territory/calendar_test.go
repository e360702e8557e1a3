package territory

import (
	"slices"
	"testing"
	"time"
	_ "time/tzdata" // what the clocks are compared with

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// at reads a clock time of a calendar.
func at(tb testing.TB, c Calendar, s string) time.Time {
	tb.Helper()
	t, err := time.ParseInLocation("2006-01-02 15:04", s, c.Location())
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

func TestHolidaysAreThoseOfTheLaw(t *testing.T) {
	national := []string{"01-01", "04-06", "05-01", "05-08", "05-14", "05-25", "07-14", "08-15", "11-01", "11-11", "12-25"} // 2026
	for departement, own := range map[string][]string{
		"": nil, "75": nil, "69": nil, "2A": nil, "975": nil, "984": nil, "nowhere": nil,
		"57": {"04-03", "12-26"}, "67": {"04-03", "12-26"}, "68": {"04-03", "12-26"},
		"971": {"05-27"}, "972": {"05-22"}, "973": {"06-10"}, "974": {"12-20"}, "976": {"04-27"}, "977": {"10-09"}, "978": {"05-28"},
		"986": {"04-28", "07-29"}, "987": {"03-05", "04-03", "11-20"}, "988": {"09-24"},
	} {
		c := CalendarOf(departement)
		var got []string
		for _, h := range c.Holidays(2026) {
			got = append(got, h.Date.Format("01-02"))
			if c.IsWorkingDay(h.Date) || c.IsWorkingDay(h.Date.Add(23*time.Hour+59*time.Minute)) {
				t.Errorf("%q: %s %v is a working day", departement, h.Key, h.Date)
			}
		}
		want := append(slices.Clone(national), own...)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", departement, diff)
		}
	}
	if got := CalendarOf("987").Holidays(2024); !slices.ContainsFunc(got, func(h Holiday) bool { return h.Key == "autonomy_day" }) {
		t.Error("29 June was a holiday in French Polynesia up to 2024")
	}
}

// Dates of Easter as published (Institut de mécanique céleste et de calcul des éphémérides), the earliest and latest possible
// among them.
func TestEasterFallsOnItsSunday(t *testing.T) {
	for _, s := range []string{
		"1818-03-22", "1943-04-25", "2000-04-23", "2008-03-23", "2011-04-24", "2019-04-21", "2024-03-31", "2025-04-20", "2026-04-05",
		"2027-03-28", "2028-04-16", "2029-04-01", "2030-04-21", "2038-04-25", "2049-04-18", "2076-04-19", "2285-03-22",
	} {
		want, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		if got := easterSunday(want.Year()); !got.Equal(want) {
			t.Errorf("%s, want %s", got.Format(time.DateOnly), s)
		}
	}
}

func TestDeadlineKeepsItsHourOnTheNthWorkingDay(t *testing.T) {
	for name, tt := range map[string]struct {
		departement, from string
		days              int
		want              string
	}{
		"over a weekend":               {"69", "2026-11-20 14:00", 1, "2026-11-23 14:00"},
		"within a week":                {"69", "2026-11-23 14:00", 2, "2026-11-25 14:00"},
		"before opening":               {"69", "2026-11-23 06:30", 1, "2026-11-24 09:00"},
		"late at night":                {"69", "2026-11-23 23:59", 1, "2026-11-24 23:59"},
		"from a Saturday":              {"69", "2026-11-21 16:00", 1, "2026-11-24 09:00"},
		"from a Sunday, no day":        {"69", "2026-11-22 03:00", 0, "2026-11-23 09:00"},
		"from a holiday":               {"69", "2026-11-11 10:00", 1, "2026-11-13 09:00"},
		"over the armistice":           {"69", "2026-11-10 10:00", 1, "2026-11-12 10:00"},
		"over the end of the year":     {"69", "2026-12-31 17:00", 1, "2027-01-04 17:00"},
		"over Christmas":               {"69", "2026-12-24 17:00", 2, "2026-12-29 17:00"},
		"over Saint Stephen's":         {"67", "2028-12-22 17:00", 1, "2028-12-27 17:00"},
		"elsewhere no Saint Stephen's": {"69", "2028-12-22 17:00", 1, "2028-12-26 17:00"},
		"over Good Friday":             {"57", "2027-03-25 11:00", 1, "2027-03-30 11:00"},
		"elsewhere no Good Friday":     {"69", "2027-03-25 11:00", 1, "2027-03-26 11:00"},
		"over Ascension":               {"69", "2026-05-13 11:00", 1, "2026-05-15 11:00"},
		"as clocks go forward":         {"69", "2027-03-26 14:00", 1, "2027-03-30 14:00"},
		"as clocks go back":            {"69", "2026-10-23 14:00", 1, "2026-10-26 14:00"},
		"ten days over May":            {"69", "2026-04-30 12:00", 10, "2026-05-19 12:00"},
		"on La Réunion":                {"974", "2027-12-17 12:00", 1, "2027-12-21 12:00"},
		"in the night of the change":   {"69", "2027-03-28 02:30", 1, "2027-03-31 09:00"},
		"none":                         {"69", "2026-11-23 14:00", 0, "2026-11-23 14:00"},
		"fewer than none":              {"69", "2026-11-23 14:00", -3, "2026-11-23 14:00"},
	} {
		c := CalendarOf(tt.departement)
		got := c.AddWorkingDays(at(t, c, tt.from), tt.days)
		if want := at(t, c, tt.want); !got.Equal(want) || got.Location() != c.Location() {
			t.Errorf("%s: %s + %d is %v, want %v", name, tt.from, tt.days, got, want)
		}
	}
}

func TestDayIsThatOfThePlaceNotOfTheServer(t *testing.T) {
	lyon, reunion, tahiti := CalendarOf("69"), CalendarOf("974"), CalendarOf("987")
	sundayNight := time.Date(2026, 11, 22, 22, 30, 0, 0, time.UTC)
	if lyon.IsWorkingDay(sundayNight) || !reunion.IsWorkingDay(sundayNight) || tahiti.IsWorkingDay(sundayNight) {
		t.Error("it is Sunday in Lyon, Monday on La Réunion, Sunday on Tahiti")
	}
	got := lyon.AddWorkingDays(sundayNight, 1)
	if want := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestWorkingDaysLeftUndoesAddWorkingDays(t *testing.T) {
	departements := []string{"", "67", "971", "974", "975", "987"}
	first, last := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).Unix(), time.Date(2034, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	rapid.Check(t, func(t *rapid.T) {
		c := CalendarOf(rapid.SampledFrom(departements).Draw(t, "departement"))
		from := time.Unix(rapid.Int64Range(first, last).Draw(t, "from"), 0)
		n := rapid.IntRange(0, 60).Draw(t, "n")
		deadline := c.AddWorkingDays(from, n)
		if !c.IsWorkingDay(deadline) || deadline.Before(from) {
			t.Errorf("deadline %v of %v", deadline, from)
		}
		if got := c.WorkingDaysLeft(from, deadline); got != n {
			t.Errorf("%d days left, want %d", got, n)
		}
		if got := c.WorkingDaysLeft(from, deadline.Add(-time.Second)); got != max(0, n-1) {
			t.Errorf("a second less: %d days left, want %d", got, max(0, n-1))
		}
		later := from.Add(time.Duration(rapid.Int64Range(0, 1e6).Draw(t, "later")) * time.Second)
		if c.AddWorkingDays(later, n).Before(deadline) {
			t.Error("who starts later is done earlier")
		}
		if !c.AddWorkingDays(c.AddWorkingDays(from, n), 3).Equal(c.AddWorkingDays(from, n+3)) {
			t.Error("days do not add up")
		}
	})
}

func TestNoDayIsLeftOnTheLastDayOrAfter(t *testing.T) {
	c := Calendar{}
	deadline := at(t, c, "2026-03-12 14:00") // a Thursday
	for s, want := range map[string]int{
		"2026-03-11 14:00": 1, "2026-03-11 14:01": 0, "2026-03-11 09:00": 1, "2026-03-12 08:00": 0, "2026-03-13 08:00": 0,
		"2026-03-07 23:00": 3, "2026-03-06 14:00": 4, "2036-03-06 14:00": 0,
	} {
		if got := c.WorkingDaysLeft(at(t, c, s), deadline); got != want {
			t.Errorf("%s: %d days left, want %d", s, got, want)
		}
	}
}

func TestClocksAgreeWithTheTimeZoneDatabase(t *testing.T) {
	locations := []*time.Location{Paris()}
	for _, l := range clocks {
		locations = append(locations, l)
	}
	for _, ours := range locations {
		theirs, err := time.LoadLocation(ours.String())
		if err != nil {
			t.Fatal(err)
		}
		// Miquelon follows the rule of 2007; 2037 is where old databases end.
		for u := time.Date(2007, 11, 10, 0, 0, 0, 0, time.UTC); u.Year() < 2037; u = u.Add(time.Hour) {
			name1, offset1 := u.In(ours).Zone()
			name2, offset2 := u.In(theirs).Zone()
			if offset1 != offset2 || name1 != name2 {
				t.Errorf("%s at %v: %s %d, database %s %d", ours, u, name1, offset1, name2, offset2)
				break
			}
		}
	}
}

func BenchmarkAddTenWorkingDays(b *testing.B) {
	from := time.Date(2026, 12, 18, 14, 0, 0, 0, time.UTC)
	for b.Loop() {
		Calendar{}.AddWorkingDays(from, 10)
	}
}
