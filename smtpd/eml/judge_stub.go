package eml

import "postdesk/core"

func trim(text string, marks []mark) []core.Span { return nil }
