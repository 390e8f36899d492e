package diff

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// secrets are values that are compared and not shown.
var secrets = []string{"auth_pass", "key", "password", "smtp_password", "notify_webhook"}

// compareFields lists the values in which two objects of one type differ.
func compareFields(a, b any) []Field {
	if reflect.DeepEqual(a, b) {
		return nil
	}
	x, y := flat(a), flat(b)
	var out []Field
	for _, p := range slices.Sorted(maps.Keys(union(x, y))) {
		if x[p] != y[p] {
			out = append(out, Field{p, conceal(p, x[p]), conceal(p, y[p])})
		}
	}
	return out
}

func union(x, y map[string]string) map[string]string {
	all := maps.Clone(x)
	maps.Copy(all, y)
	return all
}

func conceal(path, value string) string {
	if value != "" && slices.Contains(secrets, path[strings.LastIndexByte(path, '.')+1:]) {
		return "********"
	}
	return value
}

// describe is a value without a name in one line.
func describe(value any) string {
	leaves := flat(value)
	words := []string{leaves["prefix"]}
	for _, path := range slices.Sorted(maps.Keys(leaves)) {
		if path != "prefix" {
			words = append(words, path+" "+leaves[path])
		}
	}
	return strings.TrimSpace(strings.Join(words, " "))
}

// flat gives the values of an object by their path, in the words of its JSON
// tags. What is zero is left out. The items of a list are found by their name
// where they have one.
func flat(v any) map[string]string {
	out := map[string]string{}
	flatten("", reflect.ValueOf(v), out)
	return out
}

func flatten(path string, v reflect.Value, out map[string]string) {
	if v.IsZero() {
		return
	}
	if text, ok := leaf(v); ok {
		out[path] = text
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		flatten(path, v.Elem(), out)
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
				flatten(below(path, tag), v.Field(i), out)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			flatten(below(path, itemName(v.Index(i), i)), v.Index(i), out)
		}
	default:
		out[path] = fmt.Sprint(v.Interface())
	}
}

// leaf is the text of a value that is not taken apart: addresses, times, words.
func leaf(v reflect.Value) (string, bool) {
	switch x := v.Interface().(type) {
	case []byte:
		return string(x), true
	case []string:
		return strings.Join(x, " "), true
	case fmt.Stringer:
		return x.String(), true
	case encoding.TextMarshaler:
		b, err := x.MarshalText()
		return string(b), err == nil
	}
	return "", false
}

func itemName(v reflect.Value, i int) string {
	if v.Kind() == reflect.Struct {
		if name := v.FieldByName("Name"); name.IsValid() {
			return name.String()
		}
	}
	return strconv.Itoa(i)
}

func below(path, name string) string {
	if path == "" || name == "" {
		return path + name
	}
	return path + "." + name
}
