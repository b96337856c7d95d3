// Checks rule files and expressions of Prometheus with its own parser, as `promtool check rules` does, and prints as JSON what is
// wrong and which metrics and labels each expression names. promtool itself, with clients of all clouds in it, takes four minutes of CPU to build.
//
//	check-rules RULE-FILE... < expressions, one a line
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

type selector struct {
	Metric string   `json:"metric"`
	Labels []string `json:"labels"`
}

type expression struct {
	Text      string     `json:"text"`
	Selectors []selector `json:"selectors"`
	By        []string   `json:"by"`
}

type report struct {
	Faults      []string     `json:"faults"`
	Rules       int          `json:"rules"`
	Expressions []expression `json:"expressions"`
}

func main() {
	found := report{Faults: []string{}, Expressions: []expression{}}
	promql := parser.NewParser(parser.Options{})
	for _, file := range os.Args[1:] {
		groups, faults := rulefmt.ParseFile(file, false, model.UTF8Validation, promql, slog.New(slog.DiscardHandler))
		for _, fault := range faults {
			found.Faults = append(found.Faults, fmt.Sprintf("%s: %v", file, fault))
		}
		if groups == nil {
			continue
		}
		for _, group := range groups.Groups {
			for _, rule := range group.Rules {
				found.Rules++
				found.read(promql, rule.Expr)
			}
		}
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		found.read(promql, lines.Text())
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		panic(err)
	}
}

func (found *report) read(promql parser.Parser, text string) {
	parsed, err := promql.ParseExpr(text)
	if err != nil {
		found.Faults = append(found.Faults, fmt.Sprintf("%s: %v", text, err))
		return
	}
	one := expression{Text: text, Selectors: []selector{}, By: []string{}}
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		switch node := node.(type) {
		case *parser.VectorSelector:
			labels := []string{}
			for _, matcher := range node.LabelMatchers {
				if matcher.Name != "__name__" {
					labels = append(labels, matcher.Name)
				}
			}
			one.Selectors = append(one.Selectors, selector{Metric: node.Name, Labels: labels})
		case *parser.AggregateExpr:
			one.By = append(one.By, node.Grouping...)
		}
		return nil
	})
	found.Expressions = append(found.Expressions, one)
}
