package compact

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
)

type decoder struct {
	b      []byte
	plans  plans
	opaque map[reflect.Type]bool
	words  []string
}

func (d *decoder) value(v reflect.Value) error {
	switch v.Kind() {
	case reflect.Pointer:
		set, err := d.number()
		if err != nil || set == 0 {
			return err
		}
		p := reflect.New(v.Type().Elem())
		v.Set(p)
		return d.value(p.Elem())
	case reflect.Slice:
		return d.slice(v)
	case reflect.Array:
		for i := range v.Len() {
			if err := d.value(v.Index(i)); err != nil {
				return err
			}
		}
		return nil
	case reflect.Struct:
		return d.structure(v)
	case reflect.String:
		s, err := d.string()
		v.SetString(s)
		return err
	}
	n, err := d.number()
	if err != nil {
		return err
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(n != 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(unzigzag(n))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(n)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(math.Float64frombits(n))
	default:
		return fmt.Errorf("a value of type %v cannot be handed over", v.Type())
	}
	return nil
}

func (d *decoder) slice(v reflect.Value) error {
	n, err := d.number()
	if err != nil || n == 0 {
		return err
	}
	if n > uint64(len(d.b)) { // an element has a byte at least
		return errShort
	}
	v.Set(reflect.MakeSlice(v.Type(), int(n), int(n)))
	for i := range int(n) {
		if err := d.value(v.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) structure(v reflect.Value) error {
	t := v.Type()
	is, known := d.opaque[t]
	if !known {
		is = opaque(t)
		d.opaque[t] = is
	}
	if is {
		n, err := d.number()
		if err != nil {
			return err
		}
		b, err := d.take(n)
		if err != nil {
			return err
		}
		return v.Addr().Interface().(encoding.BinaryUnmarshaler).UnmarshalBinary(b)
	}
	fields := d.plans.of(t)
	bits, err := d.take(uint64(len(fields)+7) / 8)
	if err != nil {
		return err
	}
	for n, f := range fields {
		if bits[n/8]&(1<<(n%8)) == 0 {
			continue
		}
		if f.kind == reflect.Bool {
			v.Field(f.index).SetBool(true)
			continue
		}
		if err := d.value(v.Field(f.index)); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) string() (string, error) {
	n, err := d.number()
	if err != nil {
		return "", err
	}
	if n > 0 {
		if n > uint64(len(d.words)) {
			return "", errShort
		}
		return d.words[n-1], nil
	}
	if n, err = d.number(); err != nil {
		return "", err
	}
	b, err := d.take(n)
	s := string(b)
	d.words = append(d.words, s)
	return s, err
}

func (d *decoder) take(n uint64) ([]byte, error) {
	if n > uint64(len(d.b)) {
		return nil, errShort
	}
	b := d.b[:n]
	d.b = d.b[n:]
	return b, nil
}

func (d *decoder) number() (n uint64, err error) {
	for shift := 0; shift < 64; shift += 7 {
		if len(d.b) == 0 {
			break
		}
		c := d.b[0]
		d.b = d.b[1:]
		n |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return n, nil
		}
	}
	return 0, errShort
}
