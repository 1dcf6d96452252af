package schema

import (
	"fmt"
	"regexp"
	"slices"
	"time"
)

var attributeName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

// Check returns an error when the schema contradicts itself: a name twice or in a
// form that HCL would not take, a type that does not exist, a default of another
// type, an enumeration of something that is not a string, a group of unknown names.
func (s Schema) Check() error {
	seen := map[string]Attribute{}
	for _, a := range s.Attributes {
		if _, twice := seen[a.Name]; twice {
			return fmt.Errorf("setting %s is declared twice", a.Name)
		}
		seen[a.Name] = a
		if err := a.check(); err != nil {
			return fmt.Errorf("setting %q: %w", a.Name, err)
		}
	}
	for _, group := range s.ExactlyOneOf {
		if err := checkGroup(group, seen); err != nil {
			return err
		}
	}
	return nil
}

func (a Attribute) check() error {
	switch {
	case !attributeName.MatchString(a.Name):
		return fmt.Errorf("a name is lower case letters, digits and underscores")
	case !slices.Contains([]Type{String, Int, Bool, Duration, List}, a.Type):
		return fmt.Errorf("there is no type %q", a.Type)
	case len(a.Enum) > 0 && a.Type != String:
		return fmt.Errorf("only a string can have an enumeration")
	case a.Required && a.Default != nil:
		return fmt.Errorf("a required setting has no use for a default")
	case a.Sensitive && a.Default != nil:
		return fmt.Errorf("a secret cannot have a default")
	}
	return a.checkDefault()
}

func (a Attribute) checkDefault() error {
	ok := false
	switch v := a.Default.(type) {
	case nil:
		return nil
	case string:
		if a.Type == Duration {
			_, err := time.ParseDuration(v)
			return err
		}
		ok = a.Type == String && (len(a.Enum) == 0 || slices.Contains(a.Enum, v))
	case int64:
		ok = a.Type == Int
	case bool:
		ok = a.Type == Bool
	case []string:
		ok = a.Type == List
	}
	if !ok {
		return fmt.Errorf("the default %v does not fit the type %s", a.Default, a.Type)
	}
	return nil
}

func checkGroup(group []string, seen map[string]Attribute) error {
	if len(group) < 2 {
		return fmt.Errorf("a group of exactly-one-of needs two settings, has %q", group)
	}
	for _, name := range group {
		a, known := seen[name]
		if !known {
			return fmt.Errorf("a group of exactly-one-of names the unknown setting %s", name)
		}
		if a.Required || a.Default != nil {
			return fmt.Errorf("setting %s cannot be in a group of exactly-one-of: it is always set", name)
		}
	}
	return nil
}
