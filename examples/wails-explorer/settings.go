package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/wailsapp/wails/v2/pkg/runtime"
)

const (
	recentMax     = 12
	widthMin      = 640
	heightMin     = 420
	settingsFile  = "settings.json"
	sizeMax       = 16_384 // of a window, either way; more is no window's
	visiblePixels = 80     // of a window that is put where it was must be on the screen
)

// settings are what a window leaves for the next. A file that cannot be read is as none: it holds
// nothing that cannot be made again. Safe for concurrent use.
type settings struct {
	path string
	lock sync.Mutex
	kept kept
}

type kept struct {
	Window windowState `json:"window"`
	// Recent are paths and servers' addresses, the last one first. Never a token.
	Recent []string `json:"recent"`
}

type windowState struct {
	X           int  `json:"x"`
	Y           int  `json:"y"`
	Width       int  `json:"width"`
	Height      int  `json:"height"`
	IsMaximised bool `json:"isMaximised"`
	HasPosition bool `json:"hasPosition"`
}

func loadSettings(folder string) (*settings, error) {
	loaded := &settings{path: filepath.Join(folder, settingsFile)}
	text, err := os.ReadFile(loaded.path) //nolint:gosec // the folder is the command line's
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if json.Unmarshal(text, &loaded.kept) != nil {
		loaded.kept = kept{}
	}
	loaded.kept.Recent = loaded.kept.Recent[:min(len(loaded.kept.Recent), recentMax)]
	return loaded, nil
}

// window is how the next window begins.
func (s *settings) window() windowState {
	s.lock.Lock()
	defer s.lock.Unlock()
	window := s.kept.Window
	if isWithin(window.Width, widthMin, sizeMax) && isWithin(window.Height, heightMin, sizeMax) {
		return window
	}
	return windowState{Width: 1280, Height: 820}
}

func isWithin(value, least, most int) bool { return least <= value && value <= most }

func (s *settings) recent() []string {
	s.lock.Lock()
	defer s.lock.Unlock()
	return slices.Clone(s.kept.Recent)
}

// lastFolder is where a dialog begins: without one, GTK begins at recent files, and cannot open a folder
// there whose path is typed.
func (s *settings) lastFolder() string {
	for _, place := range s.recent() {
		folder := filepath.Dir(place)
		if info, err := os.Stat(folder); err == nil && info.IsDir() && filepath.IsAbs(place) {
			return folder
		}
	}
	home, _ := os.UserHomeDir() // "": as the dialog likes
	return home
}

func (s *settings) remember(place string) {
	s.change(func(k *kept) {
		others := slices.DeleteFunc(slices.Clone(k.Recent), func(other string) bool { return other == place })
		k.Recent = append([]string{place}, others[:min(len(others), recentMax-1)]...)
	})
}

func (s *settings) forget(place string) {
	s.change(func(k *kept) {
		k.Recent = slices.DeleteFunc(slices.Clone(k.Recent), func(other string) bool { return other == place })
	})
}

// change writes at once: a program that is killed has kept what it had. A disk that is full costs the
// state of a window, and is not worth a word.
func (s *settings) change(how func(*kept)) {
	s.lock.Lock()
	defer s.lock.Unlock()
	how(&s.kept)
	text, err := json.MarshalIndent(s.kept, "", "  ")
	if err != nil || os.MkdirAll(filepath.Dir(s.path), 0o700) != nil {
		return
	}
	fresh := s.path + ".new"
	if os.WriteFile(fresh, append(text, '\n'), 0o600) == nil {
		_ = os.Rename(fresh, s.path)
	}
}

// keepWindow takes the window's state as it is now. Of a maximised one the size before stays.
func (a *app) keepWindow() {
	isMaximised := runtime.WindowIsMaximised(a.window)
	width, height := runtime.WindowGetSize(a.window)
	x, y := runtime.WindowGetPosition(a.window)
	a.settings.change(func(k *kept) {
		if !isMaximised && !runtime.WindowIsFullscreen(a.window) {
			k.Window = windowState{X: x, Y: y, Width: width, Height: height, HasPosition: true}
		}
		k.Window.IsMaximised = isMaximised
	})
}

// restorePosition, unless the screen that the window was on is gone.
func (a *app) restorePosition() {
	window := a.settings.window()
	screens, err := runtime.ScreenGetAll(a.window)
	if !window.HasPosition || window.IsMaximised || err != nil {
		return
	}
	for _, screen := range screens {
		if screen.IsCurrent && window.X > visiblePixels-window.Width && window.Y >= 0 &&
			window.X < screen.Size.Width-visiblePixels && window.Y < screen.Size.Height-visiblePixels {
			runtime.WindowSetPosition(a.window, window.X, window.Y)
		}
	}
}
