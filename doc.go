// Package ailleurs holds the words and the rules of the alliance: what its members may promise each other, who may do
// what with a case and when, and nothing else. It does no input or output, reads no clock and knows no database.
//
// # The alliance in one page
//
// A [Member] is an organisation that signed the charter; its [Team] names two caseworkers and a signatory. An agent holds
// [Role]s at a member, and plays a [Part] in a case; access follows the part.
//
// A [Case] is a household's wish to live elsewhere. Everything that must be read of it lies in seven sealed
// [Compartment]s; [Rights] says who may ever hold the key of each, and between which states. The origin knows who, the
// host will know where, the hub neither: it stores a [SealedBody] for each save and a [SealedEnvelope] for each reader.
//
// An interpellation is a [CallSheet] signed by the origin's two caseworkers and its élu: at least five addressees in the
// first [Ring], two more rings in reserve. Each addressee has its own thread, whose [ThreadState] leads to one of the
// answers of [AnswerKind]; a proposal holds its places, and no place is held twice. The person chooses and says yes twice;
// the case then moves to the host, which prepares, welcomes and follows. [Moves] is the whole life of a case, [Deadline]
// what happens when time runs out.
//
// Every decision that binds is a [Statement] under an Ed25519 signature. A [Refusal] is a no that the person in front of
// the screen can read; any other error is a fault.
package ailleurs
