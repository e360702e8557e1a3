package web

import (
	"net/http"

	"codeberg.org/ailleurs/ailleurs"
)

// questionReplies are what may be replied to one question. Which one was asked is sealed: the page holds the replies to
// each, and the reader's machine shows those that fit.
type questionReplies struct {
	Question ailleurs.CardQuestion
	Options  []Option
}

func (s *Server) replies(r *http.Request) []questionReplies {
	var out []questionReplies
	for _, q := range ailleurs.CardQuestions {
		out = append(out, questionReplies{q, options(s, r, "reply", ailleurs.CardReplies[q])})
	}
	return out
}
