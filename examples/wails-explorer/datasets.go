package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const datasetNameMax = 100 // the protocol's limit is 128, a number may follow

// dataset is a file or a folder and its name at the server.
type dataset struct{ name, path string }

// withPaths adds paths to datasets, each under a name of its own. What is there already stays.
func withPaths(datasets []dataset, paths []string) ([]dataset, error) {
	added := slices.Clone(datasets)
	for _, path := range paths {
		if slices.ContainsFunc(added, func(d dataset) bool { return d.path == path }) {
			continue
		}
		if _, err := os.Stat(path); err != nil {
			return nil, err
		}
		added = append(added, dataset{freeName(added, datasetName(path)), path})
	}
	return added, nil
}

// datasetName is the file's, without its extension, in the letters that the protocol has for names.
func datasetName(path string) string {
	base := filepath.Base(path)
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		base = strings.TrimSuffix(strings.TrimSuffix(base, ".gz"), ".zst")
		base = strings.TrimSuffix(base, filepath.Ext(base))
	}
	name := strings.Map(func(letter rune) rune {
		switch {
		case letter >= 'a' && letter <= 'z', letter >= 'A' && letter <= 'Z', letter >= '0' && letter <= '9',
			letter == '_', letter == '.', letter == '-':
			return letter
		default:
			return '_'
		}
	}, base)
	name = name[:min(len(name), datasetNameMax)]
	if name == "" || name[0] == '.' || name[0] == '-' {
		name = "_" + name
	}
	return name
}

func freeName(datasets []dataset, wanted string) string {
	name := wanted
	for number := 2; slices.ContainsFunc(datasets, func(d dataset) bool { return d.name == name }); number++ {
		name = fmt.Sprintf("%s_%d", wanted, number)
	}
	return name
}
