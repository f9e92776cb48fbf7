// Asks the server as any Go program would, and prints what it got as one JSON object.
//
//	go run client.go http://127.0.0.1:8765
package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"
)

var client = http.Client{Timeout: 60 * time.Second}

// table is the JSON format of an answer.
type table struct {
	Columns []struct{ Name, Type string } `json:"columns"`
	Rows    [][]any                       `json:"rows"`
}

func get(base, path string, parameters map[string]string) (*http.Response, error) {
	query := url.Values{}
	for name, value := range parameters {
		query.Set(name, value)
	}
	answer, err := client.Get(base + path + "?" + query.Encode())
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", path, answer.Status)
	}
	return answer, nil
}

func ask(base string) (map[string]any, error) {
	answer, err := get(base, "/v1/datasets/flights/count",
		map[string]string{"filter": "delay > 60", "format": "json"})
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var count table
	if err := json.NewDecoder(answer.Body).Decode(&count); err != nil {
		return nil, err
	}
	window, err := get(base, "/v1/datasets/flights/rows",
		map[string]string{"offset": "2999990", "limit": "10", "format": "csv"})
	if err != nil {
		return nil, err
	}
	defer window.Body.Close()
	rows, err := csv.NewReader(window.Body).ReadAll()
	if err != nil {
		return nil, err
	}
	return map[string]any{"count": count.Rows[0][0], "rows": rows[1:]}, nil
}

func main() {
	result, err := ask(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		os.Exit(1)
	}
}
