package store

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"codeberg.org/ailleurs/ailleurs"
)

// A field is where a struct keeps one column.
type field struct {
	column string
	index  []int
	empty  bool // `omitzero`: the zero value is NULL
}

var fieldsByType sync.Map // reflect.Type → []field

// fields returns the columns of a struct type: its fields tagged `db:"column"` or `db:"column,omitzero"`, those of
// embedded structs included.
func fields(t reflect.Type) ([]field, error) {
	if known, ok := fieldsByType.Load(t); ok {
		return known.([]field), nil
	}
	var out []field
	for _, f := range reflect.VisibleFields(t) {
		name, option, _ := strings.Cut(f.Tag.Get("db"), ",")
		if name == "" || name == "-" {
			continue
		}
		if !f.IsExported() {
			return nil, fmt.Errorf("store: field %s of %s has a column but is not exported", f.Name, t)
		}
		if option != "" && option != "omitzero" {
			return nil, fmt.Errorf("store: field %s of %s: unknown option %q", f.Name, t, option)
		}
		out = append(out, field{name, f.Index, option == "omitzero"})
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("store: %s has no field tagged db", t)
	}
	fieldsByType.Store(t, out)
	return out, nil
}

var timeType = reflect.TypeFor[time.Time]()

// value turns a Go value into one the engines hold: nil, string, int64 or []byte. Instants become text, the zero
// instant NULL, booleans 0 or 1, nil pointers and nil byte slices NULL. Text that PostgreSQL could not hold (a NUL, or
// bytes that are not UTF-8) is refused on both engines.
func value(v any) (any, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		return text(v)
	case int64:
		return v, nil
	case int:
		return int64(v), nil
	case []byte:
		if v == nil {
			return nil, nil
		}
		return v, nil
	case time.Time:
		if v.IsZero() {
			return nil, nil
		}
		return FormatTime(v), nil
	case bool:
		if v {
			return int64(1), nil
		}
		return int64(0), nil
	}
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.String:
		return text(r.String())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return r.Int(), nil
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return int64(r.Uint()), nil //nolint:gosec // at most 32 bits
	case reflect.Bool:
		return value(r.Bool())
	case reflect.Pointer:
		if r.IsNil() {
			return nil, nil
		}
		return value(r.Elem().Interface())
	case reflect.Slice:
		if r.Type().Elem().Kind() == reflect.Uint8 {
			return value(r.Bytes())
		}
	case reflect.Array:
		if r.Type().Elem().Kind() == reflect.Uint8 {
			b := make([]byte, r.Len())
			reflect.Copy(reflect.ValueOf(b), r)
			return b, nil
		}
	}
	return nil, fmt.Errorf("store: a column cannot hold a %T", v)
}

func text(s string) (any, error) {
	if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
		return nil, ailleurs.Refuse("store.text", "")
	}
	return s, nil
}

func values(args []any) ([]any, error) {
	out := make([]any, len(args))
	for i, a := range args {
		v, err := value(a)
		if err != nil {
			return nil, fmt.Errorf("$%d: %w", i+1, err)
		}
		out[i] = v
	}
	return out, nil
}

// assign stores a database value into what dst points to; NULL gives the zero value.
func assign(dst, v any) error {
	switch d := dst.(type) {
	case *string:
		if s, ok := v.(string); ok {
			*d = s
			return nil
		}
	case *int64:
		if n, ok := v.(int64); ok {
			*d = n
			return nil
		}
	case *int:
		if n, ok := v.(int64); ok {
			*d = int(n)
			return nil
		}
	case *[]byte:
		if b, ok := v.([]byte); ok {
			*d = b
			return nil
		}
	case *any:
		*d = v
		return nil
	}
	p := reflect.ValueOf(dst)
	if p.Kind() != reflect.Pointer || p.IsNil() {
		return fmt.Errorf("store: cannot scan into a %T", dst)
	}
	return set(p.Elem(), v)
}

func set(dst reflect.Value, v any) error {
	if v == nil {
		dst.SetZero()
		return nil
	}
	mismatch := func() error { return fmt.Errorf("store: a %T does not fit a %s", v, dst.Type()) }
	if dst.Kind() == reflect.Pointer {
		p := reflect.New(dst.Type().Elem())
		if err := set(p.Elem(), v); err != nil {
			return err
		}
		dst.Set(p)
		return nil
	}
	switch v := v.(type) {
	case string:
		switch {
		case dst.Type() == timeType:
			t, err := ParseTime(v)
			if err != nil {
				return err
			}
			dst.Set(reflect.ValueOf(t))
			return nil
		case dst.Kind() == reflect.String:
			dst.SetString(v)
			return nil
		case dst.CanInt(): // PostgreSQL's sum() of integers is a numeric, which arrives as text
			n, err := strconv.ParseInt(v, 10, 64)
			if err != nil || dst.OverflowInt(n) {
				return mismatch()
			}
			dst.SetInt(n)
			return nil
		}
	case int64:
		switch {
		case dst.CanInt():
			if dst.OverflowInt(v) {
				return mismatch()
			}
			dst.SetInt(v)
			return nil
		case dst.CanUint():
			if v < 0 || dst.OverflowUint(uint64(v)) {
				return mismatch()
			}
			dst.SetUint(uint64(v))
			return nil
		case dst.Kind() == reflect.Bool:
			dst.SetBool(v != 0)
			return nil
		}
	case bool: // a comparison, on PostgreSQL
		switch {
		case dst.Kind() == reflect.Bool:
			dst.SetBool(v)
			return nil
		case dst.CanInt():
			dst.SetInt(0)
			if v {
				dst.SetInt(1)
			}
			return nil
		}
	case []byte:
		switch {
		case dst.Kind() == reflect.Slice && dst.Type().Elem().Kind() == reflect.Uint8:
			dst.SetBytes(v)
			return nil
		case dst.Kind() == reflect.Array && dst.Type().Elem().Kind() == reflect.Uint8 && dst.Len() == len(v):
			reflect.Copy(dst, reflect.ValueOf(v))
			return nil
		}
	}
	return mismatch()
}

// scalar says whether values of type t are one column rather than a row.
func scalar(t reflect.Type) bool {
	return t.Kind() != reflect.Struct || t == timeType
}
