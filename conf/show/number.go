package show

import "strconv"

// integer is what number takes.
type integer interface {
	~int | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

func number[T integer](n T) string {
	if n < 0 {
		return strconv.FormatInt(int64(n), 10)
	}
	return strconv.FormatUint(uint64(n), 10)
}
