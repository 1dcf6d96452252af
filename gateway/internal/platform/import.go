package platform

// Import is what import files bring.
type Import struct {
	Courses        []Course
	Unavailability []Unavailability
	// CoursesOf and UnavailabilityOf are the providers whose courses, and whose
	// unavailability, the files give in full: a file that has no list of them says
	// nothing about them, and absence then means nothing.
	CoursesOf, UnavailabilityOf []string
}
