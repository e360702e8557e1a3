package main

import (
	"errors"
	"fmt"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/alliance"
	"codeberg.org/ailleurs/ailleurs/internal/hub"
)

type initCommand struct {
	Data    string   `required:"" env:"AILLEURS_DATA" placeholder:"DIR|URL" help:"Data directory to make, or URL of an empty PostgreSQL database."`
	Keys    string   `env:"AILLEURS_KEYS" placeholder:"DIR" help:"Directory for the log keys; the data directory unless the database is elsewhere."`
	Origin  string   `required:"" env:"AILLEURS_ORIGIN" placeholder:"URL" help:"Where browsers will find the hub, as https://hub.example."`
	Name    string   `required:"" placeholder:"NAME" help:"Name of the hub in its logs, such as its host name. It never changes."`
	Member  string   `required:"" placeholder:"NAME" help:"Organisation that coordinates the alliance."`
	Code    string   `required:"" placeholder:"INSEE" help:"INSEE code of the commune of its seat."`
	Siren   string   `required:"" placeholder:"SIREN" help:"Its SIREN, nine digits."`
	Founder []string `required:"" placeholder:"NAME,E-MAIL" sep:"none" help:"A founding coordinator. Three times."`
}

// Run founds a hub: its log keys, its coordination, and three invitations to hand over in person.
func (c initCommand) Run(w world) error {
	founding := alliance.Founding{Member: alliance.NewMember{
		Kind: ailleurs.Association, Name: c.Member, Code: c.Code, Siren: c.Siren, Charter: w.now(),
	}}
	for _, f := range c.Founder {
		n, err := founderOf(f, string(w.language))
		if err != nil {
			return err
		}
		founding.Founders = append(founding.Founders, n)
	}
	if len(c.Founder) != ailleurs.LeastCoordinators { // before anything is made
		return ailleurs.Refuse("alliance.three_founders", "founder")
	}
	cfg := hub.Config{Data: c.Data, Keys: c.Keys, Origin: c.Origin, Now: w.now}
	if err := hub.NewLogs(cfg, c.Name); err != nil {
		return err
	}
	h, err := hub.Open(w, cfg)
	if err != nil {
		return err
	}
	invitations, err := h.Alliance.Found(w, founding, w.now())
	if err := errors.Join(err, h.Close()); err != nil {
		return err
	}
	fmt.Fprintln(w.out, w.language.say("init.done", "origin", c.Origin))
	for _, i := range invitations {
		fmt.Fprintf(w.out, "\n%s\n  %s\n  %s %s\n", i.Name, i.Words.Reveal(), w.language.say("init.fingerprint"), i.Pins.Hash())
	}
	return nil
}

// founderOf reads "NAME,E-MAIL".
func founderOf(s, lang string) (alliance.NewInvitation, error) {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == ',' {
			return alliance.NewInvitation{Name: s[:i], Email: s[i+1:], Lang: lang, Roles: []ailleurs.Role{ailleurs.Coordinator}}, nil
		}
	}
	return alliance.NewInvitation{}, ailleurs.Refuse("init.founder", "founder", "got", s)
}
