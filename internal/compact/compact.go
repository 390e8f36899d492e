// Package compact writes a tree of structs as few bytes and reads it back, for
// one program that speaks to itself: nothing in the bytes names a field or a
// version. It exists because a configuration of ten thousand servers is handed
// from process to process at every start and reload; as JSON that took longer,
// and more memory, than reading the file.
//
// Values are what encoding/json would hand over: exported fields without the
// tag `json:"-"`; a slice without elements comes back as nil. Maps, interfaces,
// channels and functions are refused.
package compact

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
)

// field is a field of a struct that is handed over.
type field struct {
	index int
	kind  reflect.Kind
}

// plans keeps the fields of each type of struct.
type plans map[reflect.Type][]field

func (p plans) of(t reflect.Type) []field {
	if list, ok := p[t]; ok {
		return list
	}
	list := []field{}
	for i := range t.NumField() {
		if f := t.Field(i); f.IsExported() && f.Tag.Get("json") != "-" {
			list = append(list, field{i, f.Type.Kind()})
		}
	}
	p[t] = list
	return list
}

// opaque reports whether a type writes itself: netip's do.
func opaque(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.BinaryUnmarshaler]())
}

// Append writes what v points to.
func Append(to []byte, v any) ([]byte, error) {
	e := encoder{b: to, plans: plans{}, opaque: map[reflect.Type]bool{}, words: map[string]uint64{}}
	err := e.value(reflect.ValueOf(v).Elem())
	return e.b, err
}

type encoder struct {
	b      []byte
	plans  plans
	opaque map[reflect.Type]bool
	words  map[string]uint64 // strings that were written before: their numbers, from 1
}

func (e *encoder) value(v reflect.Value) error {
	switch v.Kind() {
	case reflect.Bool:
		if v.Bool() {
			e.b = append(e.b, 1)
		} else {
			e.b = append(e.b, 0)
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		e.number(zigzag(v.Int()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		e.number(v.Uint())
	case reflect.Float32, reflect.Float64:
		e.number(math.Float64bits(v.Float()))
	case reflect.String:
		e.string(v.String())
	case reflect.Pointer:
		if v.IsNil() {
			e.b = append(e.b, 0)
			return nil
		}
		e.b = append(e.b, 1)
		return e.value(v.Elem())
	case reflect.Slice:
		e.number(uint64(v.Len()))
		return e.list(v)
	case reflect.Array:
		return e.list(v)
	case reflect.Struct:
		return e.structure(v)
	default:
		return fmt.Errorf("a value of type %v cannot be handed over", v.Type())
	}
	return nil
}

func (e *encoder) list(v reflect.Value) error {
	for i := range v.Len() {
		if err := e.value(v.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

// structure writes a bit for each field that is not zero, then these fields.
// The bit of a boolean is its value.
func (e *encoder) structure(v reflect.Value) error {
	t := v.Type()
	is, known := e.opaque[t]
	if !known {
		is = opaque(t)
		e.opaque[t] = is
	}
	if is {
		return e.binary(v)
	}
	fields := e.plans.of(t)
	bits := len(e.b)
	for range (len(fields) + 7) / 8 {
		e.b = append(e.b, 0)
	}
	for n, f := range fields {
		x := v.Field(f.index)
		if x.IsZero() {
			continue
		}
		e.b[bits+n/8] |= 1 << (n % 8)
		if f.kind == reflect.Bool {
			continue
		}
		if err := e.value(x); err != nil {
			return err
		}
	}
	return nil
}

func (e *encoder) binary(v reflect.Value) error {
	at := len(e.b)
	e.b = append(e.b, 0)
	var err error
	if a, ok := v.Addr().Interface().(encoding.BinaryAppender); ok {
		e.b, err = a.AppendBinary(e.b)
	} else {
		return fmt.Errorf("a value of type %v cannot be handed over", v.Type())
	}
	n := len(e.b) - at - 1
	if err == nil && n > math.MaxInt8 {
		err = fmt.Errorf("a value of type %v has %d bytes", v.Type(), n)
	}
	e.b[at] = byte(n)
	return err
}

// string writes a string the first time, and its number afterwards.
func (e *encoder) string(s string) {
	if n, ok := e.words[s]; ok {
		e.number(n)
		return
	}
	e.words[s] = uint64(len(e.words) + 1)
	e.number(0)
	e.number(uint64(len(s)))
	e.b = append(e.b, s...)
}

func (e *encoder) number(n uint64) {
	for n >= 0x80 {
		e.b = append(e.b, byte(n)|0x80)
		n >>= 7
	}
	e.b = append(e.b, byte(n))
}

func zigzag(n int64) uint64   { return uint64(n<<1) ^ uint64(n>>63) }
func unzigzag(n uint64) int64 { return int64(n>>1) ^ -int64(n&1) }

var errShort = errors.New("the value is cut short")

// Read fills what v points to, which must be zero, from the bytes of Append.
func Read(b []byte, v any) error {
	d := decoder{b: b, plans: plans{}, opaque: map[reflect.Type]bool{}}
	if err := d.value(reflect.ValueOf(v).Elem()); err != nil {
		return err
	}
	if len(d.b) > 0 {
		return fmt.Errorf("%d bytes behind the value", len(d.b))
	}
	return nil
}
