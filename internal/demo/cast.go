package demo

import "codeberg.org/ailleurs/ailleurs"

// The towns are real, the people are not: first names of every day with surnames that nobody bears.

// communes are the towns of the demonstration by INSEE code; the first calls, the second hosts.
var communes = []string{
	"69123", "33063", // Lyon, Bordeaux
	"13055", "31555", "06088", "44109", "34172", "67482", "59350", "35238", "51454", "42218", "76351", "83137", "38185", "21231",
	"49007", "30189", "63113", "72181", "29019", "37261", "80021", "87085", "74010", "66136", "25056", "57463", "45234", "76540",
	"68224", "14118", "54395", "84007", "86194", "59183", "17300", "64445", "62193", "06029", "68066", "18033", "29232", "26362",
	"10387", "56121", "79191", "73065", "22278", "64102", "16015", "65440", "81004", "50129", "56260", "53130", "62041", "27229",
	"90010", "42187", "08105", "41018", "51108", "35288", "40192", "24322", "97209", "97411",
}

var firstNames = []string{
	"Camille", "Dominique", "Claude", "Maxime", "Sacha", "Noa", "Lou", "Alix", "Charlie", "Andrea", "Morgan", "Louison", "Ariel", "Eden",
	"Jo", "Sam", "Maé", "Yaël", "Gaby", "Swann", "Ange", "Céleste", "Stéphane", "Valéry", "Loïs", "Marion", "Inès", "Karim", "Awa", "Léo",
}

var surnames = []string{
	"Aubevigne", "Brumelac", "Clairombre", "Doucerive", "Embrevaux", "Faugelune", "Grisemare", "Hauterame", "Islecombe", "Jonchevent",
	"Laverdrie", "Mirecourbe", "Nuagelle", "Ombrelay", "Pierrelongue", "Quatrevents", "Rivesable", "Sauvebrume", "Tourneciel", "Ventelune",
}

// nameOf draws the n-th name; the first 600 are all different.
func nameOf(n int) string {
	return firstNames[n%len(firstNames)] + " " + surnames[(n+n/len(firstNames)*7)%len(surnames)]
}

// founders are the three coordinators.
var founders = []string{nameOf(0), nameOf(1), nameOf(2)}

// coordinationSiren has a right check digit and belongs to nobody: SIREN are not given from 000.
const coordinationSiren = "000000018"

// A casting is a town with the names of its three people: lead, second, signatory.
type casting struct {
	code  string
	names [3]string
}

// roles are those of the person in place i of a casting. Lyon's second is on duty at night as well, so that six people
// are enough to play everything, and Bordeaux's takes an alert over from them.
func (c casting) roles(i int) []ailleurs.Role {
	switch {
	case i == 2:
		return []ailleurs.Role{ailleurs.Signatory}
	case i == 1 && (c.code == communes[0] || c.code == communes[1]):
		return []ailleurs.Role{ailleurs.Caseworker, ailleurs.DutyOfficer}
	default:
		return []ailleurs.Role{ailleurs.Caseworker}
	}
}

// castOf casts the first n towns.
func castOf(n int) []casting {
	out := make([]casting, min(n, len(communes)))
	for i := range out {
		out[i] = casting{code: communes[i]}
		for j := range out[i].names {
			out[i].names[j] = nameOf(3 + 3*i + j)
		}
	}
	return out
}
