"""Questions about the photographs of `bench.abstention`, mostly in other words than their captions have."""

from __future__ import annotations

_ANSWERED = """
Australian parrot
black bird with yellow beak
hen
bird that cannot fly and runs fast
bird with long pink legs
bird with a huge colourful beak
gull at the sea
tropical fish
insect that makes honey
ape from Africa
killer whale
seal-like sea animal
a bear in Europe
buffalo
baby wildebeest
wildebeest
goat living in the mountains
animal with humps in the desert
king of the jungle
reindeer
female deer
red furry animal with a bushy tail
animal with a trunk
striped horse
what animal has a long neck?
bunny
pink farm animal
Alpine rodent
Australian bear eating eucalyptus
wild pigs
orange coloured small fruit
berries
red fruit
citrus fruit that is yellow
what fruit is also called bitter?
tropical fruit with spikes
nut for marzipan
slice of pizza
healthy green vegetable
aubergine
garlic
potatoes
sweet potato
text marker
coffee cup
mill for pepper
composting bin
where can I wash my hands
tool for nails
pliers
shovel
pipe wrench
soldiers who died
what is burning?
human eye
purple flowers
lavender
mushroom with a red cap
tree in winter
cone of a pine
moon
our star
which planet has the most rings?
red planet
somebody floating in space
Inuit landmark of stones
traffic sign for children going to school
stop light
do not enter sign
zebra crossing for walkers
post box
"""
ANSWERED = _ANSWERED.strip().splitlines()

_UNANSWERED = """
red sports car
a green bicycle
airplane over the sea
wedding dress
piano
an old typewriter
laptop
snowman
Christmas tree with candles
a violin player
football match
hat with feathers
a pair of socks
doctor with stethoscope
syringe
steam train
tractor on a field
helicopter
police car with blue lights
sailing ship
tennis racket
basketball hoop
a trophy cup
Easter bunny with eggs
pumpkin lantern
fireworks
a dinosaur skeleton
polar bear on ice
shark
dog with a ball
persian cat
horse race
spider in its web
snake
butterfly wing
cheese fondue
spaghetti with tomato sauce
glass of wine
loaf of bread
cherry pie
Jupiter and its moons
Pluto
space station
the Eiffel tower
town hall
bridge at night
lighthouse
umbrella
sofa and armchair
electric drill
a saw
how much is a ticket to Paris
who is the president of France
income tax
python code for sorting
red brick house
yellow submarine
green traffic cone
a big brown table
what does the fox say in the song
white wine
moonlight sonata
lion king musical
sun cream
purple rain
"""
UNANSWERED = _UNANSWERED.strip().splitlines()
