package match

import "slices"

// facts are what does not change about the people and places of a year, laid out for asking often who could live and
// work where: everything the rules say but days.
type facts struct {
	in          *Instance
	households  []householdFact
	homes       []lodgingFact
	jobs        []openingFact
	homePlaces  []int32  // communes that have homes
	near        [][]near // per place of homes: places of jobs within reach
	jobPlaces   int
	departement []int32 // per commune
	region      []int32
}

// atWork is the most workers that a household of a Year has.
const atWork = 2

type householdFact struct {
	points                 int64 // of any placement, wherever it is and however long it took
	persons                int32
	minAge, maxAge         int32
	accessible             bool
	needs                  uint64
	communes, departements []int32 // excluded
	regions, members       []int32
	wishes                 []wish // the narrowest first
	workers                []workerFact
}

type wish struct {
	kind   byte // c, d or r
	at     int32
	points int64
}

type workerFact struct {
	age, level     int32
	licence, night bool
	fit            []uint8 // per job code
}

type lodgingFact struct {
	member, place, commune  int32
	persons, minAge, maxAge int32
	accessible, host        bool
	support                 uint64
	worth                   int64
}

type openingFact struct {
	member, place, commune int32
	code, level, minAge    int32
	licence, nights        bool
}

// A near place of jobs is at most the driver's reach away.
type near struct {
	place int32
	cost  int32 // points of the way
	walk  bool  // in reach without a licence
	drive bool
}

func newFacts(in *Instance) *facts {
	p := &facts{in: in}
	number := func(ids map[string]int32, s string) int32 {
		n, ok := ids[s]
		if !ok {
			n = int32(len(ids))
			ids[s] = n
		}
		return n
	}
	communes, departements, regions, members := map[string]int32{}, map[string]int32{}, map[string]int32{}, map[string]int32{}
	supports, codes := map[string]int32{}, map[string]int32{}
	for i := range in.Communes {
		communes[in.Communes[i].Code] = int32(i)
		p.departement = append(p.departement, number(departements, in.Communes[i].Departement))
		p.region = append(p.region, number(regions, in.Communes[i].Region))
	}
	for i := range in.Members {
		members[in.Members[i].ID] = int32(i)
	}
	mask := func(list []string) (m uint64) {
		for _, s := range list {
			m |= 1 << (number(supports, s) & 63)
		}
		return m
	}
	place := func(places *[]int32, at map[int]int32, commune int) int32 {
		n, ok := at[commune]
		if !ok {
			n = int32(len(*places))
			at[commune] = n
			*places = append(*places, int32(commune))
		}
		return n
	}
	homesAt, jobsAt := map[int]int32{}, map[int]int32{}
	var jobPlaces []int32
	w := &in.Settings.Weights
	for i := range in.Homes {
		h := &in.Homes[i]
		p.homes = append(p.homes, lodgingFact{
			member: int32(h.Member), place: place(&p.homePlaces, homesAt, h.Commune), commune: int32(h.Commune),
			persons: int32(h.Persons), minAge: int32(h.MinAge), maxAge: int32(h.MaxAge),
			accessible: h.Accessible, host: h.Kind == "host", support: mask(in.Members[h.Member].Support),
			worth: w.Reciprocity * int64(min(max(-in.Members[h.Member].Balance, -10), 10)),
		})
	}
	for i := range in.Jobs {
		j := &in.Jobs[i]
		p.jobs = append(p.jobs, openingFact{
			member: int32(j.Member), place: place(&jobPlaces, jobsAt, j.Commune), commune: int32(j.Commune),
			code: number(codes, j.Rome), level: int32(j.Level), minAge: int32(j.MinAge), licence: j.Licence, nights: j.Nights,
		})
	}
	p.jobPlaces = len(jobPlaces)
	reach, drive := in.Settings.MaxCommuteKm, in.Settings.MaxCommuteKmDriving
	for _, list := range neighbours(in.Communes, p.homePlaces, jobPlaces, max(reach, drive)) {
		row := make([]near, len(list))
		for i, n := range list {
			row[i] = near{jobsAt[int(n.commune)], int32(-w.Commute * int64(n.whole)), n.km <= reach, n.km <= drive}
		}
		p.near = append(p.near, row)
	}
	names := make([]string, len(codes))
	for name, at := range codes {
		names[at] = name
	}
	r := newRules(in)
	for i := range in.Households {
		h := &in.Households[i]
		f := householdFact{
			points: w.Base + w.Urgency*int64(h.Urgency), persons: int32(h.Persons), accessible: h.Accessible, needs: mask(h.Support),
			maxAge: -1,
		}
		if len(h.Ages) > 0 {
			f.minAge, f.maxAge = int32(slices.Min(h.Ages)), int32(slices.Max(h.Ages))
		}
		for _, key := range h.Excluded {
			add := func(ids map[string]int32, list *[]int32) {
				if n, ok := ids[key[2:]]; ok {
					*list = append(*list, n)
				}
			}
			switch key[0] {
			case 'c':
				add(communes, &f.communes)
			case 'd':
				add(departements, &f.departements)
			case 'r':
				add(regions, &f.regions)
			default:
				add(members, &f.members)
			}
		}
		for key, points := range h.Prefer {
			ids := map[byte]map[string]int32{'c': communes, 'd': departements, 'r': regions}[key[0]]
			if at, ok := ids[key[2:]]; ok {
				f.wishes = append(f.wishes, wish{key[0], at, points})
			}
		}
		slices.SortFunc(f.wishes, func(a, b wish) int {
			if a.kind != b.kind {
				return int(a.kind) - int(b.kind) // c, d, r
			}
			return int(a.at - b.at)
		})
		for n := range h.Workers {
			worker := &h.Workers[n]
			fact := workerFact{age: int32(worker.Age), level: int32(worker.Level), licence: worker.Licence, night: worker.Nights, fit: make([]uint8, len(names))}
			for code, name := range names {
				fit, _ := r.bestFit(worker, &Job{Rome: name})
				fact.fit[code] = uint8(fit)
			}
			f.workers = append(f.workers, fact)
		}
		p.households = append(p.households, f)
	}
	return p
}

// excluded reports whether household k must have neither home nor work in the commune or with the member.
func (p *facts) excluded(k *householdFact, commune, member int32) bool {
	return slices.Contains(k.members, member) || k.excludes(p, commune)
}

func (k *householdFact) excludes(p *facts, commune int32) bool {
	return slices.Contains(k.departements, p.departement[commune]) || slices.Contains(k.communes, commune) || slices.Contains(k.regions, p.region[commune])
}

// wish is the points of the household's wish for a home in the commune.
func (p *facts) wish(k *householdFact, commune int32) int64 {
	for _, w := range k.wishes {
		if w.kind == 'c' && w.at == commune || w.kind == 'd' && w.at == p.departement[commune] || w.kind == 'r' && w.at == p.region[commune] {
			return w.points
		}
	}
	return 0
}

// takes reports whether home h could take household k, days and exclusions aside.
func (h *lodgingFact) takes(k *householdFact) bool {
	return k.persons <= h.persons && (h.accessible || !k.accessible) &&
		(k.maxAge < 0 || k.minAge >= h.minAge && k.maxAge <= h.maxAge && (!h.host || k.minAge >= 18))
}

// takes reports whether the worker could do job j, days, place and exclusions aside.
func (j *openingFact) takes(w *workerFact) bool {
	return w.fit[j.code] > 0 && j.level <= w.level && (w.licence || !j.licence) && (w.night || !j.nights) && w.age >= j.minAge
}
