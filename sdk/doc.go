// Package sdk is everything a calendar backend is written against.
package sdk
