// Wails-explorer is a desktop window on columnar files: it runs a Bowshot server of its own, or asks
// one elsewhere, and shows the explorer page natively.
package main

import (
	"embed"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	wailsapp "github.com/wailsapp/wails/v2"
	"github.com/wailsapp/wails/v2/pkg/options"
	"github.com/wailsapp/wails/v2/pkg/options/assetserver"
	"github.com/wailsapp/wails/v2/pkg/options/linux"
)

// frontend is the start page, and below page/ the explorer, which ./bow wails builds and puts there.
//
//go:embed all:frontend
var frontend embed.FS

const programName = "bowshot-explorer"

type arguments struct {
	paths     []string
	server    string
	tokenFile string
	selfTest  bool
	part      string // of the self-test
	settings  string
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", programName, err)
		os.Exit(1)
	}
}

func run(words []string) error {
	folder, err := os.Getwd()
	if err != nil {
		return err
	}
	given, err := parseArguments(words, folder)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	page, err := fs.Sub(frontend, "frontend/page")
	if err == nil {
		_, err = fs.Stat(page, "index.html")
	}
	if err != nil {
		return errors.New("this program was built without its page: build it by ./bow wails")
	}
	app, err := newApp(given, page)
	if err != nil {
		return err
	}
	defer app.session.close()
	if err := wailsapp.Run(app.options()); err != nil {
		return err
	}
	return app.outcome()
}

// parseArguments reads a command line that was given in a folder.
func parseArguments(words []string, folder string) (*arguments, error) {
	absolute := func(path string) string {
		if path == "" || filepath.IsAbs(path) {
			return path
		}
		return filepath.Join(folder, path)
	}
	given := &arguments{}
	flags := flag.NewFlagSet(programName, flag.ContinueOnError)
	flags.StringVar(&given.server, "server", "",
		"the `address` of a server to show: http://HOST:PORT, https://HOST, unix:PATH")
	flags.StringVar(&given.tokenFile, "token-file", "", "the `file` with that server's token")
	flags.StringVar(&given.settings, "settings", "", "the `folder` of the window's state and recent files")
	flags.BoolVar(&given.selfTest, "self-test", false, "drive the window, print a report as JSON, and end")
	flags.StringVar(&given.part, "part", "", "one `part` of the self-test:\n"+
		"jumps, to rows of the grid;\n"+
		"save, of a link, where its dialog says;\n"+
		"direct, how fast bytes come into the page, beside its own fetch from a server\n"+
		"that has --allow-origin wails://wails and no token")
	flags.Usage = func() {
		_, _ = fmt.Fprintf(flags.Output(), "%s [FLAGS] [FILE or FOLDER...]\n", programName)
		flags.PrintDefaults()
	}
	if err := flags.Parse(words); err != nil {
		return nil, err
	}
	for _, path := range flags.Args() {
		given.paths = append(given.paths, filepath.Clean(absolute(path)))
	}
	given.tokenFile, given.settings = absolute(given.tokenFile), absolute(given.settings)
	if given.server != "" && len(given.paths) > 0 {
		return nil, errors.New("either files or a server are shown, not both")
	}
	if given.part != "" && (!given.selfTest || !slices.Contains(parts, given.part)) {
		return nil, fmt.Errorf("--part is of --self-test, and one of %s", strings.Join(parts, ", "))
	}
	if given.settings == "" {
		settings, err := os.UserConfigDir()
		if err != nil {
			return nil, err
		}
		given.settings = filepath.Join(settings, programName)
	}
	return given, nil
}

func (g *arguments) token() (string, error) {
	if g.tokenFile == "" {
		return "", nil
	}
	text, err := os.ReadFile(g.tokenFile)
	return strings.TrimSpace(string(text)), err
}

func (a *app) options() *options.App {
	window := a.settings.window()
	state := options.Normal
	if window.IsMaximised {
		state = options.Maximised
	}
	return &options.App{
		Title: "Bowshot", Width: window.Width, Height: window.Height,
		MinWidth: widthMin, MinHeight: heightMin, WindowStartState: state,
		AssetServer:   &assetserver.Options{Handler: a},
		Menu:          a.menu(),
		OnStartup:     a.startup,
		OnDomReady:    a.domReady,
		OnBeforeClose: a.beforeClose,
		DragAndDrop:   &options.DragAndDrop{EnableFileDrop: true},
		SingleInstanceLock: &options.SingleInstanceLock{
			UniqueId: a.instanceName(), OnSecondInstanceLaunch: a.secondInstance,
		},
		Linux: &linux.Options{ProgramName: programName, WebviewGpuPolicy: linux.WebviewGpuPolicyOnDemand},
	}
}
