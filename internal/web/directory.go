package web

import (
	"net/http"
	"slices"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/alliance"
	"codeberg.org/ailleurs/ailleurs/internal/territory"
)

// What a sealing page asks for before it wraps anything. The client believes none of it until the register that it has
// replayed says the same.

// register answers the records of the register from an index on, and the checkpoint that they lead to.
func (s *Server) register(w http.ResponseWriter, r *http.Request) error {
	a, err := s.doors()
	if err != nil {
		return err
	}
	in, err := readScript[struct {
		From int64 `json:"from"`
	}](r)
	if err != nil {
		return err
	}
	found, err := a.RegisterFrom(r.Context(), in.From)
	if err != nil {
		return err
	}
	if found.Records == nil {
		found.Records = [][]byte{}
	}
	sendJSON(w, r, http.StatusOK, found)
	return nil
}

// wanted names members and agents whose places and keys a client asks for.
type wanted struct {
	Members []ailleurs.MemberID `json:"members"`
	Agents  []ailleurs.AgentID  `json:"agents"`
}

// mostWanted bounds one question; a call has at most three rings.
const mostWanted = 200

// A place is a member as a client that seals a call needs it: where it is, and whom to seal to. Its names are those of the
// browser's half.
type place struct {
	Member ailleurs.MemberID
	Code   string   // INSEE code of the commune or département, or SIREN
	Keys   []string // "m:…", "c:…", "d:…", "r:…": what a case's limits may exclude
	Team   ailleurs.Team
}

// person is a public key as the browser's half reads it.
type person struct {
	Agent     ailleurs.AgentID `json:"agent"`
	Epoch     int              `json:"epoch"`
	Recipient string           `json:"recipient"`
	Verifier  string           `json:"verifier"`
}

func personOf(k alliance.PublicKey) person {
	return person{k.Agent, k.Epoch, k.Recipient, k.Verifier}
}

// annuaire answers places and keys: those of the members asked for, with their people, deputies of whoever is away, and
// those of the agents asked for.
func (s *Server) annuaire(w http.ResponseWriter, r *http.Request) error {
	return answers(s, w, r, func(a *alliance.Alliance, in wanted) (whereabouts, error) {
		if len(in.Members) > mostWanted || len(in.Agents) > mostWanted {
			return whereabouts{}, ailleurs.RefuseAs(ailleurs.TooLarge, "web.too_large", "")
		}
		return s.placesOf(r, a, in)
	})
}

// A whereabouts is what /annuaire answers.
type whereabouts struct {
	Places []place  `json:"places"`
	People []person `json:"people"`
}

func (s *Server) placesOf(r *http.Request, a *alliance.Alliance, in wanted) (whereabouts, error) {
	out := whereabouts{Places: []place{}, People: []person{}}
	land, err := territory.Load()
	if err != nil {
		return out, err
	}
	add := func(k alliance.PublicKey) {
		if !slices.ContainsFunc(out.People, func(p person) bool { return p.Agent == k.Agent }) {
			out.People = append(out.People, personOf(k))
		}
	}
	slices.Sort(in.Members)
	teams, err := a.Teams(r.Context(), slices.Compact(in.Members), at(r))
	if err != nil {
		return out, err
	}
	for _, t := range teams {
		p := place{Member: t.Member, Code: t.Code, Keys: keysOf(land, t.Member, t.Kind, t.Code)}
		for _, post := range []struct {
			key  *alliance.PublicKey
			into *ailleurs.AgentID
		}{{t.Lead, &p.Team.Lead}, {t.Second, &p.Team.Second}, {t.Signatory, &p.Team.Signatory}} {
			if post.key != nil {
				*post.into = post.key.Agent
				add(*post.key)
			}
		}
		for _, d := range t.Deputies {
			add(d.Key)
		}
		out.Places = append(out.Places, p)
	}
	slices.Sort(in.Agents)
	keys, err := a.Keys(r.Context(), slices.Compact(in.Agents))
	if err != nil {
		return out, err
	}
	for _, k := range keys {
		add(k)
	}
	return out, nil
}

// keysOf returns what a case's limits may exclude a member by: itself, and where its places are. Those of an
// inter-communality are in any of its communes, so one that reaches into an excluded commune is excluded.
func keysOf(land *territory.Territory, id ailleurs.MemberID, kind ailleurs.MemberKind, code string) []string {
	keys := []string{"m:" + string(id)}
	add := func(more ...string) {
		for _, k := range more {
			if !slices.Contains(keys, k) {
				keys = append(keys, k)
			}
		}
	}
	commune := func(c territory.Commune) { add("c:"+c.Code, "d:"+c.Departement, "r:"+c.Region) }
	switch kind {
	case ailleurs.Departement:
		add("d:" + code)
		if d, ok := land.Departement(code); ok {
			add("r:" + d.Region)
		}
	case ailleurs.EPCI:
		for _, c := range land.Communes("") {
			if c.EPCI == code {
				commune(c)
			}
		}
	case ailleurs.Commune, ailleurs.Institution, ailleurs.Association:
		if c, ok := land.Commune(code); ok {
			commune(c)
		}
	}
	return keys
}
