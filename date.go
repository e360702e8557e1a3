package ailleurs

import "time"

// A Date is a calendar day, "2006-01-02"; its zero value is no date. Being text it sorts and compares as days do.
type Date string

// ParseDate reads a day and refuses an impossible one; field names the input at fault.
func ParseDate(s, field string) (Date, error) {
	if s == "" {
		return "", Refuse("date.missing", field)
	}
	if t, err := time.Parse(time.DateOnly, s); err != nil || t.Year() < 2000 || t.Year() > 2200 {
		return "", Refuse("date.impossible", field, "got", s)
	}
	return Date(s), nil
}

// IsZero reports whether there is no date.
func (d Date) IsZero() bool { return d == "" }

// Before reports whether d is an earlier day than e.
func (d Date) Before(e Date) bool { return d < e }

// Time is the day's first instant in UTC, for counting days; it is not when the day starts in Paris.
func (d Date) Time() time.Time {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return time.Time{}
	}
	return t
}
