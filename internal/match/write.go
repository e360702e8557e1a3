package match

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
)

// Write writes the instance as JSON that Read reads, one thing a line.
func (in *Instance) Write(w io.Writer) error {
	e := encoder{w: bufio.NewWriter(w)}
	s := &in.Settings
	e.text(`{"version": 1, "date": "` + in.Date.String() + `",` + "\n" + ` "settings": `)
	e.value(map[string]any{
		"max_commute_km": s.MaxCommuteKm, "max_commute_km_driving": s.MaxCommuteKmDriving,
		"flex_days": s.FlexDays, "min_stay_days": s.MinStayDays,
		"weights": map[string]int64{
			"base": s.Weights.Base, "urgency": s.Weights.Urgency, "waiting": s.Weights.Waiting, "job_fit": s.Weights.JobFit,
			"commute": s.Weights.Commute, "spare_room": s.Weights.SpareRoom, "support": s.Weights.Support, "reciprocity": s.Weights.Reciprocity,
		},
	})
	list(&e, "communes", in.Communes, func(c *Commune) any { return (*communeJSON)(c) })
	list(&e, "members", in.Members, func(m *Member) any { return (*memberJSON)(m) })
	list(&e, "homes", in.Homes, func(h *Home) any {
		return homeJSON{
			h.ID, in.Members[h.Member].ID, in.Communes[h.Commune].Code, h.Kind, h.Persons, h.Units, h.Accessible,
			bound(h.MinAge, 0), bound(h.MaxAge, NoBound), h.From.String(), last(h.Until),
		}
	})
	list(&e, "jobs", in.Jobs, func(j *Job) any {
		return jobJSON{
			j.ID, in.Members[j.Member].ID, in.Communes[j.Commune].Code, j.Rome, j.Level, j.Slots, j.Licence, j.Nights,
			bound(j.MinAge, 0), j.From.String(), last(j.Until),
		}
	})
	list(&e, "households", in.Households, func(k *Household) any {
		workers := make([]workerJSON, len(k.Workers))
		for i, worker := range k.Workers {
			workers[i] = workerJSON(worker)
		}
		return householdJSON{
			k.ID, k.Persons, k.Ages, k.Accessible, k.Ready.String(), k.Urgency, k.WaitingDays, workers, k.Excluded, k.Prefer, k.Support,
		}
	})
	list(&e, "proximity", in.Proximity, func(p *Proximity) any {
		kind := "evolution"
		if p.Close {
			kind = "proche"
		}
		return map[string]string{"from": p.From, "to": p.To, "kind": kind}
	})
	pair := func(p *Pair) any { return pairJSON{in.Households[p.A].ID, in.Households[p.B].ID, p.Km} }
	list(&e, "apart", in.Apart, pair)
	list(&e, "together", in.Together, pair)
	e.text("\n}\n")
	if e.err == nil {
		e.err = e.w.Flush()
	}
	if e.err != nil {
		return fmt.Errorf("write instance: %w", e.err)
	}
	return nil
}

type (
	communeJSON struct {
		Code        string  `json:"code"`
		Departement string  `json:"departement"`
		Region      string  `json:"region"`
		Lat         float64 `json:"lat"`
		Lon         float64 `json:"lon"`
	}
	memberJSON struct {
		ID       string   `json:"id"`
		Capacity int      `json:"capacity"`
		Balance  int      `json:"balance,omitempty"`
		Support  []string `json:"support,omitempty"`
	}
	homeJSON struct {
		ID         string `json:"id"`
		Member     string `json:"member"`
		Commune    string `json:"commune"`
		Kind       string `json:"kind"`
		Persons    int    `json:"persons"`
		Units      int    `json:"units"`
		Accessible bool   `json:"accessible,omitempty"`
		MinAge     *int   `json:"min_age,omitempty"`
		MaxAge     *int   `json:"max_age,omitempty"`
		From       string `json:"from"`
		Until      string `json:"until,omitempty"`
	}
	jobJSON struct {
		ID      string `json:"id"`
		Member  string `json:"member"`
		Commune string `json:"commune"`
		Rome    string `json:"rome"`
		Level   int    `json:"level"`
		Slots   int    `json:"slots"`
		Licence bool   `json:"licence,omitempty"`
		Nights  bool   `json:"nights,omitempty"`
		MinAge  *int   `json:"min_age,omitempty"`
		From    string `json:"from"`
		Until   string `json:"until,omitempty"`
	}
	workerJSON struct {
		Age     int      `json:"age"`
		Rome    []string `json:"rome,omitempty"`
		Any     bool     `json:"any,omitempty"`
		Level   int      `json:"level"`
		Licence bool     `json:"licence,omitempty"`
		Nights  bool     `json:"nights,omitempty"`
	}
	householdJSON struct {
		ID          string           `json:"id"`
		Persons     int              `json:"persons"`
		Ages        []int            `json:"ages,omitempty"`
		Accessible  bool             `json:"accessible,omitempty"`
		Ready       string           `json:"ready"`
		Urgency     int              `json:"urgency"`
		WaitingDays int              `json:"waiting_days"`
		Workers     []workerJSON     `json:"workers,omitempty"`
		Excluded    []string         `json:"excluded,omitempty"`
		Prefer      map[string]int64 `json:"prefer,omitempty"`
		Support     []string         `json:"support,omitempty"`
	}
	pairJSON struct {
		A  string  `json:"a"`
		B  string  `json:"b"`
		Km float64 `json:"km"`
	}
)

func bound(n, none int) *int {
	if n == none {
		return nil
	}
	return &n
}

func last(d Day) string {
	if d == NoBound {
		return ""
	}
	return d.String()
}

type encoder struct {
	w   *bufio.Writer
	err error
}

func (e *encoder) text(s string) {
	if e.err == nil {
		_, e.err = e.w.WriteString(s)
	}
}

func (e *encoder) value(v any) {
	b, err := json.Marshal(v)
	if e.err == nil {
		e.err = err
	}
	e.text(string(b))
}

func list[T any](e *encoder, name string, things []T, line func(*T) any) {
	if len(things) == 0 {
		return
	}
	e.text(",\n \"" + name + "\": [")
	for i := range things {
		if i > 0 {
			e.text(",")
		}
		e.text("\n  ")
		e.value(line(&things[i]))
	}
	e.text("]")
}
