package territory

import "slices"

// A Family is one of the 14 professional families of ROME, the French register of occupations (France Travail), the first
// letter of an occupation's code.
type Family struct {
	Letter string
	Name   string // French, as published
}

// Families are the 14 of ROME by letter.
var Families = []Family{
	{"A", "Agriculture et pêche, espaces naturels et espaces verts, soins aux animaux"},
	{"B", "Arts et façonnage d'ouvrages d'art"},
	{"C", "Banque, assurance, immobilier"},
	{"D", "Commerce, vente et grande distribution"},
	{"E", "Communication, média et multimédia"},
	{"F", "Construction, bâtiment et travaux publics"},
	{"G", "Hôtellerie-restauration, tourisme, loisirs et animation"},
	{"H", "Industrie"},
	{"I", "Installation et maintenance"},
	{"J", "Santé"},
	{"K", "Services à la personne et à la collectivité"},
	{"L", "Spectacle"},
	{"M", "Support à l'entreprise"},
	{"N", "Transport et logistique"},
}

// An Occupation is a sheet of ROME, under the name of its commonest job.
type Occupation struct {
	Code    string // letter and four digits; the first three characters are its domain
	Name    string // French, of the everyday job
	English string
}

// Occupations are a first list of everyday jobs, by code: what a town hall and the firms around it most often offer.
var Occupations = []Occupation{
	{"A1203", "Jardinage, espaces verts", "Gardening, parks"},
	{"A1401", "Récolte de fruits, travail de la vigne", "Fruit picking, vineyard work"},
	{"A1414", "Maraîchage, horticulture", "Market gardening, horticulture"},
	{"D1102", "Boulangerie", "Bakery"},
	{"D1106", "Vente de produits alimentaires", "Food sales"},
	{"D1202", "Coiffure", "Hairdressing"},
	{"D1214", "Vente de vêtements", "Clothing sales"},
	{"D1505", "Caisse", "Till"},
	{"D1507", "Mise en rayon", "Shelf stocking"},
	{"F1602", "Électricité du bâtiment", "Building electrics"},
	{"F1603", "Plomberie, chauffage", "Plumbing, heating"},
	{"F1606", "Peinture en bâtiment", "House painting"},
	{"F1703", "Maçonnerie", "Masonry"},
	{"F1704", "Manœuvre de chantier", "Building site labour"},
	{"G1203", "Animation auprès d'enfants", "Children's activities"},
	{"G1501", "Ménage en hôtel", "Hotel housekeeping"},
	{"G1602", "Cuisine", "Cooking"},
	{"G1603", "Aide de cuisine, restauration rapide", "Kitchen help, fast food"},
	{"G1605", "Plonge", "Dishwashing"},
	{"G1803", "Service en salle", "Waiting at table"},
	{"H2102", "Conduite de machines agroalimentaires", "Food production"},
	{"H2913", "Soudage", "Welding"},
	{"H3302", "Emballage, tri, assemblage à la main", "Packing, sorting, assembly by hand"},
	{"I1203", "Entretien de bâtiments", "Building maintenance"},
	{"I1604", "Mécanique automobile", "Car mechanics"},
	{"J1501", "Soins quotidiens aux malades", "Nursing assistance"},
	{"K1302", "Aide à domicile", "Home help"},
	{"K1303", "Garde d'enfants", "Childcare"},
	{"K2204", "Nettoyage de locaux", "Cleaning of premises"},
	{"K2303", "Propreté de la ville", "Street cleaning"},
	{"K2503", "Sécurité, gardiennage", "Security, guarding"},
	{"M1601", "Accueil", "Reception"},
	{"M1607", "Secrétariat", "Secretarial work"},
	{"N1101", "Conduite de chariots élévateurs", "Forklift driving"},
	{"N1103", "Préparation de commandes", "Order picking"},
	{"N1105", "Manutention", "Goods handling"},
	{"N4103", "Conduite d'autobus", "Bus driving"},
	{"N4105", "Livraison", "Delivery driving"},
}

// OccupationOf returns the occupation of a ROME code if it is on the list of everyday jobs.
func OccupationOf(code string) (Occupation, bool) {
	i := slices.IndexFunc(Occupations, func(o Occupation) bool { return o.Code == code })
	if i < 0 {
		return Occupation{}, false
	}
	return Occupations[i], true
}

// ValidROME reports whether code has the form of a ROME code: the letter of a family and four digits.
func ValidROME(code string) bool {
	return len(code) == 5 && code[0] >= 'A' && code[0] <= 'N' && isNumber(code[1:])
}
