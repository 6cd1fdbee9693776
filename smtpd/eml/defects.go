package eml

// defects collects what was wrong with a mail, each thing once.
type defects []string

func (d *defects) add(sentence string) {
	if len(*d) >= maxDefects {
		return
	}
	for _, have := range *d {
		if have == sentence {
			return
		}
	}
	*d = append(*d, sentence)
}
