package match

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"codeberg.org/ailleurs/ailleurs"
)

// Read reads an instance in the JSON format of docs/matching.md, compressed with gzip or not, as a stream: beyond the
// instance itself it needs a fixed amount of memory. Whatever breaks the format is refused with a [*ailleurs.Refusal]
// whose Field is the JSON path; any other error is the reader's own.
func Read(r io.Reader) (in *Instance, err error) {
	buffered := bufio.NewReader(r)
	if magic, _ := buffered.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		unzipped, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, unzipping(err)
		}
		in, err = read(unzipped)
		return in, unzipping(err)
	}
	return read(buffered)
}

func unzipping(err error) error {
	if err != nil && (errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) ||
		errors.Is(err, io.ErrUnexpectedEOF) || strings.HasPrefix(err.Error(), "flate: corrupt")) {
		return ailleurs.Refuse("match.bad_gzip", "$")
	}
	return err
}

func read(r io.Reader) (in *Instance, err error) {
	d := decoder{scanner: newScanner(r), in: new(Instance)}
	defer func() {
		if p := recover(); p != nil {
			s, ok := p.(stop)
			if !ok {
				panic(p)
			}
			in, err = nil, s.err
		}
	}()
	d.instance()
	d.finish()
	d.resolve()
	return d.in, nil
}

// A decoder builds an instance while it scans. Lists may come in any order, so that references between them are
// numbered by first mention and resolved at the end.
type decoder struct {
	*scanner
	in *Instance

	communes, members, households names
	homes, jobs                   map[string]bool
}

// names numbers the texts by which things of one kind are mentioned, and remembers where each is defined and mentioned.
type names struct {
	number  map[string]int
	defined []int // index of the definition, or −1
	text    []string
	where   []mention
}

// mention is the place of a first mention, kept short because there are many.
type mention struct {
	list  string
	index int
	field string
}

func (n *names) of(text string, m mention) int {
	if n.number == nil {
		n.number = make(map[string]int)
	}
	i, ok := n.number[text]
	if !ok {
		i = len(n.text)
		n.number[text] = i
		n.text = append(n.text, text)
		n.defined = append(n.defined, -1)
		n.where = append(n.where, m)
	}
	return i
}

func (n *names) define(text string, index int) bool {
	i := n.of(text, mention{})
	if n.defined[i] >= 0 {
		return false
	}
	n.defined[i] = index
	return true
}

// required refuses an object in which one of the names was not among the fields got.
func (d *decoder) required(got []string, want ...string) {
	for _, w := range want {
		if !slices.Contains(got, w) {
			d.path = append(d.path, step{w, -1})
			d.refuse("match.missing_field")
		}
	}
}

// fieldsOf reads an object and refuses it where a wanted field is missing.
func (d *decoder) fieldsOf(field func(name string) bool, want ...string) {
	var room [24]string
	got := room[:0]
	d.object(func(name string) bool {
		got = append(got, name)
		return field(name)
	})
	d.required(got, want...)
}

func (d *decoder) instance() {
	d.fieldsOf(func(name string) bool {
		switch name {
		case "version":
			if d.count() != 1 {
				d.refuse("match.unknown_version")
			}
		case "date":
			d.in.Date = d.day()
		case "settings":
			d.settings()
		case "communes":
			d.array(d.commune)
		case "members":
			d.array(d.member)
		case "homes":
			d.homes = make(map[string]bool)
			d.array(d.home)
		case "jobs":
			d.jobs = make(map[string]bool)
			d.array(d.job)
		case "households":
			d.array(d.household)
		case "proximity":
			d.array(d.proximity)
		case "apart":
			d.in.Apart = d.pairs("apart")
		case "together":
			d.in.Together = d.pairs("together")
		default:
			return false
		}
		return true
	}, "version", "date", "settings")
}

func (d *decoder) settings() {
	s := &d.in.Settings
	s.Weights = DefaultWeights
	d.fieldsOf(func(name string) bool {
		switch name {
		case "max_commute_km":
			s.MaxCommuteKm = d.float(0, largest)
		case "max_commute_km_driving":
			s.MaxCommuteKmDriving = d.float(0, largest)
		case "flex_days":
			s.FlexDays = d.count()
		case "min_stay_days":
			s.MinStayDays = d.count()
		case "weights":
			d.object(func(name string) bool {
				w := s.Weights.named(name)
				if w == nil {
					return false
				}
				*w = int64(d.count())
				return true
			})
		default:
			return false
		}
		return true
	}, "max_commute_km", "max_commute_km_driving", "flex_days", "min_stay_days")
}

// named returns the weight that the format calls name, or nil.
func (w *Weights) named(name string) *int64 {
	switch name {
	case "base":
		return &w.Base
	case "urgency":
		return &w.Urgency
	case "waiting":
		return &w.Waiting
	case "job_fit":
		return &w.JobFit
	case "commute":
		return &w.Commute
	case "spare_room":
		return &w.SpareRoom
	case "support":
		return &w.Support
	case "reciprocity":
		return &w.Reciprocity
	}
	return nil
}

// id reads an identifier that must not be empty.
func (d *decoder) id() string {
	text := d.string()
	if text == "" {
		d.refuse("match.empty_id")
	}
	return text
}

// duplicate refuses the thing being read because of its field.
func (d *decoder) duplicate(field string) {
	d.path = append(d.path, step{field, -1})
	d.refuse("match.duplicate_id")
}

func (d *decoder) commune(i int) {
	var c Commune
	d.fieldsOf(func(name string) bool {
		switch name {
		case "code":
			c.Code = d.id()
		case "departement":
			c.Departement = d.id()
		case "region":
			c.Region = d.id()
		case "lat":
			c.Lat = d.float(-90, 90)
		case "lon":
			c.Lon = d.float(-180, 180)
		default:
			return false
		}
		return true
	}, "code", "departement", "region", "lat", "lon")
	if !d.communes.define(c.Code, i) {
		d.duplicate("code")
	}
	d.in.Communes = append(d.in.Communes, c)
}

func (d *decoder) texts() []string {
	var list []string
	d.array(func(int) { list = append(list, d.string()) })
	return slices.Clip(list)
}

func (d *decoder) member(i int) {
	var m Member
	d.fieldsOf(func(name string) bool {
		switch name {
		case "id":
			m.ID = d.id()
		case "capacity":
			m.Capacity = d.count()
		case "balance":
			m.Balance = d.int(-largest, largest)
		case "support":
			m.Support = d.texts()
		default:
			return false
		}
		return true
	}, "id", "capacity")
	if !d.members.define(m.ID, i) {
		d.duplicate("id")
	}
	d.in.Members = append(d.in.Members, m)
}

func (d *decoder) home(i int) {
	h := Home{MaxAge: NoBound, Until: NoBound}
	d.fieldsOf(func(name string) bool {
		switch name {
		case "id":
			h.ID = d.id()
		case "member":
			h.Member = d.members.of(d.id(), mention{"homes", i, "member"})
		case "commune":
			h.Commune = d.communes.of(d.id(), mention{"homes", i, "commune"})
		case "kind":
			h.Kind = d.string()
			if !slices.Contains(HomeKinds, h.Kind) {
				d.refuse("match.unknown_kind", "kinds", strings.Join(HomeKinds, ", "))
			}
		case "persons":
			h.Persons = d.count()
		case "units":
			h.Units = d.count()
		case "accessible":
			h.Accessible = d.bool()
		case "min_age":
			h.MinAge = d.count()
		case "max_age":
			h.MaxAge = d.count()
		case "from":
			h.From = d.day()
		case "until":
			h.Until = d.day()
		default:
			return false
		}
		return true
	}, "id", "member", "commune", "kind", "persons", "units", "from")
	if d.homes[h.ID] {
		d.duplicate("id")
	}
	d.homes[h.ID] = true
	d.in.Homes = append(d.in.Homes, h)
}

func (d *decoder) job(i int) {
	j := Job{Until: NoBound}
	d.fieldsOf(func(name string) bool {
		switch name {
		case "id":
			j.ID = d.id()
		case "member":
			j.Member = d.members.of(d.id(), mention{"jobs", i, "member"})
		case "commune":
			j.Commune = d.communes.of(d.id(), mention{"jobs", i, "commune"})
		case "rome":
			j.Rome = d.id()
		case "level":
			j.Level = d.count()
		case "slots":
			j.Slots = d.count()
		case "licence":
			j.Licence = d.bool()
		case "nights":
			j.Nights = d.bool()
		case "min_age":
			j.MinAge = d.count()
		case "from":
			j.From = d.day()
		case "until":
			j.Until = d.day()
		default:
			return false
		}
		return true
	}, "id", "member", "commune", "rome", "level", "slots", "from")
	if d.jobs[j.ID] {
		d.duplicate("id")
	}
	d.jobs[j.ID] = true
	d.in.Jobs = append(d.in.Jobs, j)
}

func (d *decoder) household(i int) {
	var k Household
	d.fieldsOf(func(name string) bool {
		switch name {
		case "id":
			k.ID = d.id()
		case "persons":
			k.Persons = d.count()
		case "ages":
			d.array(func(int) { k.Ages = append(k.Ages, d.count()) })
		case "accessible":
			k.Accessible = d.bool()
		case "ready":
			k.Ready = d.day()
		case "urgency":
			k.Urgency = d.int(0, 3)
		case "waiting_days":
			k.WaitingDays = d.count()
		case "workers":
			d.array(func(int) { k.Workers = append(k.Workers, d.worker()) })
		case "excluded":
			d.array(func(int) { k.Excluded = append(k.Excluded, d.key("cdrm")) })
		case "prefer":
			k.Prefer = d.prefer()
		case "support":
			k.Support = d.texts()
		default:
			return false
		}
		return true
	}, "id", "persons", "ready", "urgency", "waiting_days")
	if !d.households.define(k.ID, i) {
		d.duplicate("id")
	}
	d.in.Households = append(d.in.Households, k)
}

// key reads the key of a place or member: one of the letters, a colon, a code. The code need not occur in the instance:
// where nothing is offered, nothing has to be excluded either.
func (d *decoder) key(letters string) string {
	text := d.string()
	if !validKey(text, letters) {
		d.refuse("match.bad_key")
	}
	return text
}

func validKey(text, letters string) bool {
	return len(text) > 2 && text[1] == ':' && strings.IndexByte(letters, text[0]) >= 0
}

func (d *decoder) prefer() map[string]int64 {
	var prefer map[string]int64
	d.fields(func(name string) {
		if !validKey(name, "cdr") {
			d.refuse("match.bad_key")
		}
		if prefer == nil {
			prefer = make(map[string]int64)
		}
		prefer[name] = int64(d.int(-300, 300))
	})
	return prefer
}

func (d *decoder) worker() (w Worker) {
	d.fieldsOf(func(name string) bool {
		switch name {
		case "age":
			w.Age = d.count()
		case "rome":
			d.array(func(int) { w.Rome = append(w.Rome, d.id()) })
		case "any":
			w.Any = d.bool()
		case "level":
			w.Level = d.count()
		case "licence":
			w.Licence = d.bool()
		case "nights":
			w.Nights = d.bool()
		default:
			return false
		}
		return true
	}, "age", "level")
	return w
}

func (d *decoder) proximity(int) {
	var p Proximity
	d.fieldsOf(func(name string) bool {
		switch name {
		case "from":
			p.From = d.id()
		case "to":
			p.To = d.id()
		case "kind":
			switch d.string() {
			case "proche":
				p.Close = true
			case "evolution":
			default:
				d.refuse("match.unknown_kind", "kinds", "proche, evolution")
			}
		default:
			return false
		}
		return true
	}, "from", "to", "kind")
	d.in.Proximity = append(d.in.Proximity, p)
}

func (d *decoder) pairs(list string) (pairs []Pair) {
	d.array(func(i int) {
		var p Pair
		d.fieldsOf(func(name string) bool {
			switch name {
			case "a":
				p.A = d.households.of(d.id(), mention{list, i, "a"})
			case "b":
				p.B = d.households.of(d.id(), mention{list, i, "b"})
			case "km":
				p.Km = d.float(0, largest)
			default:
				return false
			}
			return true
		}, "a", "b", "km")
		if p.A == p.B {
			d.refuse("match.pair_with_itself")
		}
		pairs = append(pairs, p)
	})
	return pairs
}

// resolve turns mention numbers into indices and checks what needs the whole instance.
func (d *decoder) resolve() {
	d.path = d.path[:0]
	for _, n := range []*names{&d.communes, &d.members, &d.households} {
		for i, at := range n.defined {
			if at < 0 {
				m := n.where[i]
				d.path = append(d.path, step{m.list, -1}, step{"", m.index}, step{m.field, -1})
				d.refuse("match.unknown_id", "id", n.text[i])
			}
		}
	}
	in := d.in
	for i := range in.Homes {
		in.Homes[i].Member = d.members.defined[in.Homes[i].Member]
		in.Homes[i].Commune = d.communes.defined[in.Homes[i].Commune]
	}
	for i := range in.Jobs {
		in.Jobs[i].Member = d.members.defined[in.Jobs[i].Member]
		in.Jobs[i].Commune = d.communes.defined[in.Jobs[i].Commune]
	}
	type two struct{ a, b int }
	unordered := func(p Pair) two { return two{min(p.A, p.B), max(p.A, p.B)} }
	furthest := make(map[two]float64)
	for i := range in.Together {
		p := &in.Together[i]
		p.A, p.B = d.households.defined[p.A], d.households.defined[p.B]
		if km, ok := furthest[unordered(*p)]; !ok || p.Km < km {
			furthest[unordered(*p)] = p.Km
		}
	}
	for i := range in.Apart {
		p := &in.Apart[i]
		p.A, p.B = d.households.defined[p.A], d.households.defined[p.B]
		if km, ok := furthest[unordered(*p)]; ok && p.Km > km {
			d.path = append(d.path, step{"apart", -1}, step{"", i}, step{"km", -1})
			d.refuse("match.pair_contradicts", "together", strconv.FormatFloat(km, 'g', -1, 64))
		}
	}
}
