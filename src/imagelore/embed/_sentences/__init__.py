"""Sentence encoders: what reads texts for `starter`, and beside embedders whose text half reads too little."""
