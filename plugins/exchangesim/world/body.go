package world

// AsHTML returns the text as a client sees it that asks for HTML: a plain text comes
// back in a document of Exchange's making.
func (b Body) AsHTML() string { panic("todo") }

// AsText returns the text as a client sees it that asks for plain text: without
// markup, with CRLF line ends, and without space at its end.
func (b Body) AsText() string { panic("todo") }

// Preview is the beginning of the plain text, at most 255 characters.
func (b Body) Preview() string { panic("todo") }
