package desk

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"io"
	"slices"
	"strings"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/match"
)

// An export is the table as an instance file (docs/matching.md) that `ailleurs match` reads, for a larger machine or a
// longer search. Cases, members and offers go under names that only the exporter's keys lead back from, other names each
// time. Where a household must not go is written only as far as something is offered there: a list of forbidden places is
// a map of the threat. Units, slots and capacities are what the day's list shows as free, holds and assignments off.

// A cipherer gives things the names they have in one export.
type cipherer struct {
	salt string
	key  []byte
}

const (
	saltBytes = 5
	nameBytes = 10
)

func (d *Desk) cipherer(salt string) (cipherer, error) {
	key, err := hkdf.Key(sha256.New, []byte(d.Client.Trousseau().Identity()), []byte(salt), "ailleurs/1 export", 32)
	return cipherer{salt, key}, err
}

func (c cipherer) name(letter, id string) string {
	h := hmac.New(sha256.New, c.key)
	h.Write([]byte(letter + id))
	return letter + c.salt + base32.StdEncoding.EncodeToString(h.Sum(nil)[:nameBytes])
}

// Export writes the table as an instance file.
func (t *Table) Export(d *Desk, w io.Writer) error {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails
	c, err := d.cipherer(base32.StdEncoding.EncodeToString(salt))
	if err != nil {
		return err
	}
	return t.renamed(c).Write(w)
}

// renamed is the instance of the table under the names of an export, in the order of these names.
func (t *Table) renamed(c cipherer) *match.Instance {
	from := t.instance()
	in := *from
	in.Members, in.Homes, in.Jobs = slices.Clone(from.Members), slices.Clone(from.Homes), slices.Clone(from.Jobs)
	in.Households, in.Apart, in.Together = slices.Clone(from.Households), slices.Clone(from.Apart), slices.Clone(from.Together)
	for i := range in.Members {
		in.Members[i].ID = c.name("m", from.Members[i].ID)
	}
	for i := range in.Homes {
		in.Homes[i].ID = c.name("h", from.Homes[i].ID)
	}
	for i := range in.Jobs {
		in.Jobs[i].ID = c.name("j", from.Jobs[i].ID)
	}
	for i := range in.Households {
		in.Households[i].ID = c.name("k", from.Households[i].ID)
		in.Households[i].Excluded = t.barriers(&from.Households[i], func(member string) string { return c.name("m", member) })
	}
	slices.SortFunc(in.Homes, func(a, b match.Home) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(in.Jobs, func(a, b match.Job) int { return strings.Compare(a.ID, b.ID) })
	order := make([]int, len(in.Households)) // the pairs go by number
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(in.Households[a].ID, in.Households[b].ID) })
	at := make([]int, len(order))
	sorted := make([]match.Household, len(order))
	for to, i := range order {
		at[i], sorted[to] = to, in.Households[i]
	}
	in.Households = sorted
	for _, pairs := range [][]match.Pair{in.Apart, in.Together} {
		for i, p := range pairs {
			pairs[i].A, pairs[i].B = at[p.A], at[p.B]
		}
	}
	return &in
}

// barriers are the exclusions of a household as an export says them: communes in which something is offered, and members.
func (t *Table) barriers(h *match.Household, rename func(string) string) []string {
	excluded := make(map[string]bool, len(h.Excluded))
	var out []string
	for _, key := range h.Excluded {
		excluded[key] = true
		if member, ok := strings.CutPrefix(key, "m:"); ok {
			out = append(out, "m:"+rename(member))
		}
	}
	for _, c := range t.market.in.Communes {
		if excluded["c:"+c.Code] || excluded["d:"+c.Departement] || excluded["r:"+c.Region] {
			out = append(out, "c:"+c.Code)
		}
	}
	slices.Sort(out)
	return out
}

// Import reads a plan made from an export of this very table and shows it as proposals. It is checked whole against the
// table's own instance, by the plain rules and not by the solver: a plan for other cases or another day's offers, or one
// that breaks a rule, is refused.
func (t *Table) Import(d *Desk, r io.Reader) (Proposals, error) {
	plan, err := match.ReadPlan(r)
	if err != nil {
		return Proposals{}, err
	}
	salt, err := saltOf(plan)
	if err != nil {
		return Proposals{}, err
	}
	c, err := d.cipherer(salt)
	if err != nil {
		return Proposals{}, err
	}
	if verdict := match.Check(t.renamed(c), plan); len(verdict.Violations) > 0 {
		return Proposals{}, ailleurs.Refuse("table.other_plan", "plan", "n", fmt.Sprint(len(verdict.Violations)))
	}
	back := make(map[string]string)
	in := t.instance()
	for i := range in.Homes {
		back[c.name("h", in.Homes[i].ID)] = in.Homes[i].ID
	}
	for i := range in.Jobs {
		back[c.name("j", in.Jobs[i].ID)] = in.Jobs[i].ID
	}
	for i := range in.Households {
		back[c.name("k", in.Households[i].ID)] = in.Households[i].ID
	}
	named := *plan
	named.Placements, named.Unplaced, named.Prices = slices.Clone(plan.Placements), slices.Clone(plan.Unplaced), nil
	for i, p := range named.Placements {
		named.Placements[i].Household, named.Placements[i].Home = back[p.Household], back[p.Home]
		named.Placements[i].Jobs = make([]string, len(p.Jobs))
		for w, id := range p.Jobs {
			named.Placements[i].Jobs[w] = back[id]
		}
	}
	for i, u := range named.Unplaced {
		if named.Unplaced[i].Household = back[u.Household]; named.Unplaced[i].Household == "" {
			return Proposals{}, ailleurs.Refuse("table.other_plan", "plan", "n", "1")
		}
	}
	for _, p := range plan.Prices {
		p.ID = back[p.ID]
		p.WouldPlace = slices.Clone(p.WouldPlace)
		for i, id := range p.WouldPlace {
			p.WouldPlace[i] = back[id]
		}
		// What a plan says would help is not proved by it: it is shown only if it names what is on the table.
		if p.ID != "" && !slices.Contains(p.WouldPlace, "") {
			named.Prices = append(named.Prices, p)
		}
	}
	t.plan = &named
	return t.proposals(d, t.plan), nil
}

// saltOf reads from a plan's names which export it is for.
func saltOf(plan *match.Plan) (string, error) {
	name := ""
	switch {
	case len(plan.Placements) > 0:
		name = plan.Placements[0].Household
	case len(plan.Unplaced) > 0:
		name = plan.Unplaced[0].Household
	}
	size := base32.StdEncoding.EncodedLen(saltBytes)
	if len(name) != 1+size+base32.StdEncoding.EncodedLen(nameBytes) || name[0] != 'k' {
		return "", ailleurs.Refuse("table.other_plan", "plan", "n", "1")
	}
	return name[1 : 1+size], nil
}
