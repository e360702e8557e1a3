package vault

import (
	"slices"

	"codeberg.org/ailleurs/ailleurs"
)

// headRoom is what a bucket keeps free for header and signature, so that the bucket depends on the content's length only.
const headRoom = 512

// maxPlain is the largest padded plain text of a body.
const maxPlain = 4 << 20

// MaxContent is the most that one body or note holds, in bytes.
const MaxContent = maxPlain - headRoom

// Bucket is the padded size of a body whose content has n bytes; 0 when it fits in none.
func Bucket(n int) int {
	for _, size := range ailleurs.BodyBuckets {
		if n <= size-headRoom {
			return size
		}
	}
	return 0
}

// pad puts text and content into one bucket and fills it with zero bytes.
func pad(text string, content []byte) ([]byte, error) {
	size := Bucket(len(content))
	if size == 0 {
		return nil, ailleurs.RefuseAs(ailleurs.TooLarge, "vault.too_large", "content")
	}
	plain := make([]byte, 0, size)
	plain = append(plain, text...)
	plain = append(plain, content...)
	if len(text) > headRoom {
		return nil, ailleurs.Refuse("vault.malformed", "header")
	}
	return plain[:size], nil
}

// unpad checks that what follows the text is n bytes of content and then nothing but zeros up to that content's bucket.
func unpad(after []byte, total, n int, field string) ([]byte, error) {
	if n > len(after) || Bucket(n) != total || slices.ContainsFunc(after[n:], func(b byte) bool { return b != 0 }) {
		return nil, ailleurs.Refuse("vault.bad_padding", field)
	}
	return after[:n:n], nil
}
