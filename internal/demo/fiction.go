package demo

import (
	"fmt"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// What a story is about: a card, a person and an arrival that are nobody's.

// cardOf draws the card of the n-th story.
func cardOf(n int, at time.Time) ailleurs.Card {
	jobs := []string{"G1602", "F1703", "N1103", "K1302", "G1603", "J1501", "N4105", "A1203", "H3302", "D1106"}
	worker := ailleurs.HouseholdMember{
		Age: ailleurs.AgeBands[4+n%2], Works: true, Rome: []string{jobs[n%len(jobs)], jobs[(n+3)%len(jobs)]}, Level: n % 4,
		Licence: n%4 == 0, Nights: n%3 == 0,
	}
	c := ailleurs.Card{
		Members: []ailleurs.HouseholdMember{worker}, From: ailleurs.Date(at.AddDate(0, 0, 20).Format(time.DateOnly)),
		Speed: ailleurs.Normal, Words: vault.NewDossierName(),
	}
	switch n % 5 {
	case 1: // with a mother who works and a younger child
		c.Members = append(c.Members,
			ailleurs.HouseholdMember{Age: "26-59", Works: true, Rome: []string{"K2204"}, AnyJob: true},
			ailleurs.HouseholdMember{Age: "3-10"})
		c.Support = []ailleurs.Support{"childcare", "legal_aid"}
	case 3: // with a brother in school
		c.Members = append(c.Members, ailleurs.HouseholdMember{Age: "11-15"})
		c.Support = []ailleurs.Support{"school_restart"}
	default:
		c.Support = []ailleurs.Support{"mission_locale"}
	}
	return c
}

// personOf draws a person whom nobody is.
func personOf(n int, c ailleurs.Card) ailleurs.PersonFile {
	p := ailleurs.PersonFile{
		Name: nameOf(300 + n), SafeContact: fmt.Sprintf("01 99 00 %02d %02d", n/100, n%100), SafeHours: "le mardi après 18 h",
		Household: "personne fictive, pour la démonstration", Authority: ailleurs.NotNeeded, Agreements: ailleurs.Agreements,
		PapersSeen: []string{"identity"},
	}
	if c.HasMinor() {
		p.MinorsWithParent = true
	}
	return p
}

func arrivalOf(n int, at time.Time) ailleurs.ArrivalFile {
	return ailleurs.ArrivalFile{
		Address: fmt.Sprintf("%d, rue de l’Exemple (adresse fictive)", n+1), Employer: "cuisine d’un lycée (fictif)", Route: "train, puis tramway",
		Date: ailleurs.Date(at.AddDate(0, 0, 1).Format(time.DateOnly)), Escort: "référent·e d’accueil", Plan: ailleurs.MoveSteps,
	}
}
